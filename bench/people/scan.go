package people

import (
	"bytes"
	"image"
	"image/png"
)

// newScan draws a picture of about 64 kB that does not compress, as a photographed document does not.
func newScan() ([]byte, error) { return draw(256) }

// smallScan is a picture of some bytes, for registrations that are made by the thousand.
func smallScan() ([]byte, error) { return draw(8) }

func draw(side int) ([]byte, error) {
	img := image.NewGray(image.Rect(0, 0, side, side))
	for i := range img.Pix {
		img.Pix[i] = byte(random(256))
	}
	var out bytes.Buffer
	err := png.Encode(&out, img)
	return out.Bytes(), err
}
