// Package screen is how the plugin looks on a terminal and in a file: colours, widths, counts, times and questions.
package screen

import (
	"io"
	"os"
	"strings"
	"unicode"

	"github.com/rivo/uniseg"
	"golang.org/x/term"
)

// IsTerminal tells whether a stream is a terminal.
func IsTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// Style paints texts, or leaves them as they are.
type Style struct{ colours bool }

// NewStyle returns a style with colours when out is a terminal that can show them and nobody objects (NO_COLOR).
func NewStyle(out io.Writer, getenv func(string) string) Style {
	return Style{colours: IsTerminal(out) && getenv("NO_COLOR") == "" && getenv("TERM") != "dumb"}
}

func (s Style) paint(code, text string) string {
	if !s.colours || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// Bold is for titles.
func (s Style) Bold(text string) string { return s.paint("1", text) }

// Dim is for what can be skipped.
func (s Style) Dim(text string) string { return s.paint("2", text) }

// Good is for what is well.
func (s Style) Good(text string) string { return s.paint("32", text) }

// Doubt is for what may need a look.
func (s Style) Doubt(text string) string { return s.paint("33", text) }

// Bad is for what is broken.
func (s Style) Bad(text string) string { return s.paint("1;31", text) }

// Width is how many columns a text takes on a terminal.
func Width(text string) int { return uniseg.StringWidth(text) }

// Pad fills a text with blanks up to a width.
func Pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-Width(text)))
}

// Cut shortens a text to a width.
func Cut(text string, width int) string {
	if Width(text) <= width {
		return text
	}
	cut, rest, state := "", text, -1
	for rest != "" {
		var cluster string
		cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if Width(cut+cluster) > width-1 {
			break
		}
		cut += cluster
	}
	return cut + "…"
}

// Safe makes a text that came from outside fit to be shown: it may hold sequences that a terminal would obey.
func Safe(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			return '\uFFFD'
		default:
			return r
		}
	}, text)
}
