package screen

import (
	"bufio"
	"errors"
	"io"
	"strings"
)

// ErrDeclined is returned when the user answered anything but yes. Nothing was changed.
var ErrDeclined = errors.New("not confirmed: nothing was changed")

// Confirm asks a question that only "y" or "yes" answers with yes. It returns ErrDeclined for every other answer, and
// an error that names --yes when there is nobody to answer.
func Confirm(in io.Reader, out io.Writer, question string) error {
	if _, err := io.WriteString(out, question+" [y/N] "); err != nil {
		return err
	}
	line, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && line == "" {
		if _, err := io.WriteString(out, "\n"); err != nil {
			return err
		}
		return errors.New("nobody answered; give --yes to go on without asking")
	}
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		return nil
	}
	return ErrDeclined
}

// Printer writes lines and remembers the first error, which is asked for once at the end.
type Printer struct {
	out io.Writer
	err error
}

// NewPrinter returns a Printer that writes to out.
func NewPrinter(out io.Writer) *Printer { return &Printer{out: out} }

// Print writes texts as they are.
func (p *Printer) Print(texts ...string) {
	if p.err == nil {
		_, p.err = io.WriteString(p.out, strings.Join(texts, ""))
	}
}

// Line writes texts and ends the line.
func (p *Printer) Line(texts ...string) { p.Print(strings.Join(texts, "") + "\n") }

// Err returns the first error.
func (p *Printer) Err() error { return p.err }
