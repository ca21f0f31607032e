package intake

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// rgb is a colour in sRGB, each part from 0 to 1.
type rgb [3]float64

var (
	black = rgb{0, 0, 0}
	white = rgb{1, 1, 1}
	// wrongRed marks what is to be mended.
	wrongRed = rgb{0.702, 0.149, 0.118}
	// ink is what light pages are written with: black is harder on the eye.
	ink = rgb{0.09, 0.11, 0.14}
)

// Contrast ratios of WCAG 2.2, level AA, and the one of level AAA that running text is given. A dark card leaves room for
// tints between it and the text.
const (
	contrastCard = 11.0
	contrastBody = 7.0
	contrastText = 4.5
	contrastMark = 3.0
)

// parseColor reads #rrggbb.
func parseColor(s string, otherwise rgb) rgb {
	hex, ok := strings.CutPrefix(s, "#")
	n, err := strconv.ParseUint(hex, 16, 32)
	if !ok || len(hex) != 6 || err != nil {
		return otherwise
	}
	return rgb{float64(n>>16) / 255, float64(n>>8&0xff) / 255, float64(n&0xff) / 255}
}

func (c rgb) String() string {
	part := func(v float64) int { return int(math.Round(min(max(v, 0), 1) * 255)) }
	return fmt.Sprintf("#%02x%02x%02x", part(c[0]), part(c[1]), part(c[2]))
}

// luminance is the relative luminance of WCAG 2.2.
func (c rgb) luminance() float64 {
	linear := func(v float64) float64 {
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c[0]) + 0.7152*linear(c[1]) + 0.0722*linear(c[2])
}

// contrast is the contrast ratio of WCAG 2.2, from 1 to 21.
func contrast(a, b rgb) float64 {
	la, lb := a.luminance(), b.luminance()
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// mix returns a with a share of b in it.
func mix(a, b rgb, share float64) rgb {
	var c rgb
	for i := range c {
		c[i] = a[i] + (b[i]-a[i])*share
	}
	return c
}

// opposite is black or white, whichever stands out more.
func opposite(on rgb) rgb {
	if contrast(white, on) >= contrast(black, on) {
		return white
	}
	return black
}

// legible moves a colour toward black or white until it stands out from another, at most all the way.
func legible(c, on rgb, least float64) rgb {
	toward := opposite(on)
	for share := 0.0; share < 1; share += 0.05 {
		// What counts is the colour as it will be written, rounded.
		if moved := parseColor(mix(c, toward, share).String(), toward); contrast(moved, on) >= least {
			return moved
		}
	}
	return toward
}

// palette holds the colours of a page. Everything that is read stands on card.
type palette struct {
	dark                         bool
	back, card                   rgb
	text, soft, line             rgb
	main, onMain, mark, hover    rgb
	wrong, wrongTint, tint, good rgb
}

// newPalette derives all colours from two. The two are used as they are, wherever nothing has to be read against them.
func newPalette(main, back rgb) palette {
	p := palette{back: back, main: main, dark: opposite(back) == white}
	p.card = white
	if p.dark {
		p.card = mix(back, white, 0.06)
		for contrast(white, p.card) < contrastCard {
			p.card = mix(p.card, black, 0.1)
		}
		p.card = parseColor(p.card.String(), black)
	}
	p.text = legible(ink, p.card, contrastBody)
	if p.dark {
		p.text = legible(mix(p.card, white, 0.88), p.card, contrastBody)
	}
	p.soft = legible(mix(p.text, p.card, 0.35), p.card, contrastText)
	p.line = legible(mix(p.text, p.card, 0.6), p.card, contrastMark)
	p.mark = legible(main, p.card, contrastText)
	p.tint = mix(p.card, p.mark, 0.08)
	p.onMain = opposite(main)
	p.hover = mix(main, opposite(p.onMain), 0.15)
	p.wrongTint = parseColor(mix(p.card, wrongRed, 0.08).String(), p.card)
	p.wrong = legible(wrongRed, p.wrongTint, contrastText)
	p.wrong = legible(p.wrong, p.card, contrastText)
	p.good = legible(rgb{0.1, 0.5, 0.25}, p.card, contrastText)
	return p
}

// String writes the palette as CSS declarations.
func (p palette) String() string {
	scheme := "light"
	if p.dark {
		scheme = "dark"
	}
	return fmt.Sprintf("color-scheme:%s;--back:%s;--card:%s;--text:%s;--soft:%s;--line:%s;--main:%s;--on-main:%s;--hover:%s;--mark:%s;--tint:%s;--wrong:%s;--wrong-tint:%s;--good:%s",
		scheme, p.back, p.card, p.text, p.soft, p.line, p.main, p.onMain, p.hover, p.mark, p.tint, p.wrong, p.wrongTint, p.good)
}
