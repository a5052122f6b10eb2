package tour

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
)

// newScan draws a small picture that stands for a scanned document. Each is different.
func newScan() ([]byte, error) {
	const width, height = 320, 200
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	paper := color.RGBA{R: 0xf7, G: 0xf4, B: 0xe9, A: 0xff}
	ink := color.RGBA{R: uint8(rand.IntN(160)), G: uint8(rand.IntN(160)), B: uint8(rand.IntN(160)), A: 0xff}
	for y := range height {
		written := y%20 > 12 && y > 20 && y < height-20
		end := 40 + rand.IntN(width-80)
		for x := range width {
			if written && x > 20 && x < end {
				img.Set(x, y, ink)
			} else {
				img.Set(x, y, paper)
			}
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
