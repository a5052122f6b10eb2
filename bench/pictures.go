package main

import (
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
)

// pictured is a result that can be drawn.
type pictured interface {
	// pictures are what is drawn, by the name of the file.
	pictures() map[string]picture
}

// picture is a bar for each name, of parts that stand on each other or side by side.
type picture struct {
	title, unit string
	names       []string // of the bars
	parts       []part
	beside      bool // the parts stand side by side
}

// part is a part of each bar.
type part struct {
	name   string
	values []float64
}

const (
	pictureWidth  = 16 * vg.Centimeter
	pictureHeight = 9 * vg.Centimeter
	barWidth      = 1.2 * vg.Centimeter
)

// draw writes a result's pictures into the folder of the results.
func (o options) draw(result pictured) error {
	for file, p := range result.pictures() {
		if err := p.save(filepath.Join(o.results, file+".svg")); err != nil {
			return err
		}
	}
	return nil
}

func (p picture) save(path string) error {
	canvas := plot.New()
	canvas.Title.Text, canvas.Y.Label.Text = p.title, p.unit
	canvas.Legend.Top = true
	canvas.NominalX(p.names...)
	var below *plotter.BarChart
	for i, one := range p.parts {
		bars, err := plotter.NewBarChart(plotter.Values(one.values), barWidth)
		if err != nil {
			return err
		}
		bars.Color, bars.LineStyle.Width = plotutil.Color(i), 0
		switch {
		case p.beside:
			bars.Offset = vg.Length(float64(i)-float64(len(p.parts)-1)/2) * barWidth
		case below != nil:
			bars.StackOn(below)
		}
		below = bars
		canvas.Add(bars)
		canvas.Legend.Add(one.name, bars)
	}
	canvas.X.Min, canvas.X.Max = -0.6, float64(len(p.names))+0.4 // room for the legend
	canvas.Y.Min = 0
	return canvas.Save(pictureWidth, pictureHeight, path)
}
