package intake

import (
	"fmt"
	"strings"
	"testing"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// TestEveryPaletteCanBeRead goes through the colour cube: whatever somebody chooses, the text can be read.
func TestEveryPaletteCanBeRead(t *testing.T) {
	steps := []float64{0, 0.25, 0.5, 0.75, 1}
	var cube []rgb
	for _, r := range steps {
		for _, g := range steps {
			for _, b := range steps {
				cube = append(cube, rgb{r, g, b})
			}
		}
	}
	for _, main := range cube {
		for _, back := range cube {
			p := newPalette(main, back)
			for name, pair := range map[string]struct {
				a, b  rgb
				least float64
			}{
				"text":            {p.text, p.card, contrastText},
				"text on a tint":  {p.text, p.tint, contrastText},
				"soft text":       {p.soft, p.card, contrastText},
				"links":           {p.mark, p.card, contrastText},
				"the button":      {p.onMain, p.main, contrastText},
				"the button, hov": {p.onMain, p.hover, contrastText},
				"lines":           {p.line, p.card, contrastMark},
				"errors":          {p.wrong, p.card, contrastText},
				"the summary":     {p.wrong, p.wrongTint, contrastText},
				"the tick":        {p.good, p.card, contrastMark},
			} {
				// As it is written: eight bits a part.
				a, b := parseColor(pair.a.String(), rgb{}), parseColor(pair.b.String(), rgb{})
				if got := contrast(a, b); got < pair.least-0.02 {
					t.Fatalf("main %s on %s: %s has a contrast of %.2f (%s on %s), want %.1f", main, back, name, got, a, b, pair.least)
				}
			}
		}
	}
}

func TestStyleColors(t *testing.T) {
	cases := map[string]struct {
		colors *v1alpha1.FormColors
		want   []string
		not    []string
	}{
		"none":              {want: []string{"color-scheme:light", "--main:#0b5cad", "prefers-color-scheme:dark"}},
		"main":              {colors: &v1alpha1.FormColors{Main: "#AA0055"}, want: []string{"--main:#aa0055", "prefers-color-scheme:dark"}},
		"a dark background": {colors: &v1alpha1.FormColors{Background: "#102030"}, want: []string{"color-scheme:dark", "--back:#102030"}, not: []string{"prefers"}},
		"no colours at all": {colors: &v1alpha1.FormColors{Main: "red;}</style>", Background: "#12345g"}, want: []string{"--main:#0b5cad", "--back:#ffffff"}, not: []string{"red", "12345g"}},
	}
	for name, tc := range cases {
		got := styleColors(tc.colors)
		for _, want := range tc.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %s\nwant it to hold %s", name, got, want)
			}
		}
		for _, not := range tc.not {
			if strings.Contains(got, not) {
				t.Errorf("%s: %s\nwant it not to hold %s", name, got, not)
			}
		}
	}
}

func Example_contrast() {
	fmt.Println(contrast(black, white), opposite(parseColor("#0b5cad", white)))
	// Output: 21 #ffffff
}
