package importer

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/contact-operator/contact-operator/internal/plugin/screen"
)

// progress tells how far an import has come, to whoever waits for it. Its own errors are dropped: what they would say
// could not be shown either, and the import is not to fail of it.
type progress interface {
	// add is called after each record.
	add(counts)
	// show is called about once a second.
	show(counts)
	// end is called once, before the summary.
	end()
}

// newProgress returns a bar on a terminal, else a line now and then.
func newProgress(out io.Writer, total, done int64, colours bool) progress {
	if !screen.IsTerminal(out) {
		return &plainProgress{out: out, total: total, told: time.Now()}
	}
	bar := progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(out), progressbar.OptionSetDescription("importing"),
		progressbar.OptionShowCount(), progressbar.OptionSetItsString("lines"), progressbar.OptionShowIts(),
		progressbar.OptionSetPredictTime(true), progressbar.OptionSetWidth(30), progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionEnableColorCodes(colours), progressbar.OptionSetRenderBlankState(true),
		progressbar.OptionSetTheme(progressbar.ThemeUnicode),
	)
	_ = bar.Set64(done)
	return &barProgress{bar: bar, out: out}
}

type barProgress struct {
	bar *progressbar.ProgressBar
	out io.Writer
}

func (p *barProgress) add(c counts) { _ = p.bar.Set64(c.Read) }

func (p *barProgress) show(c counts) {
	if c.Failed > 0 {
		p.bar.Describe("importing, " + screen.Number(int(c.Failed)) + " failed")
	}
}

func (p *barProgress) end() { _, _ = io.WriteString(p.out, "\n") }

// tellInterval is the time between two lines where nobody watches a terminal.
const tellInterval = 5 * time.Second

type plainProgress struct {
	out   io.Writer
	total int64
	told  time.Time
}

func (p *plainProgress) add(counts) {}

func (p *plainProgress) show(c counts) {
	if time.Since(p.told) < tellInterval {
		return
	}
	p.told = time.Now()
	_, _ = fmt.Fprintf(p.out, "imported %s of %s lines: %s created, %s already there, %s failed\n", screen.Number(int(c.Read)),
		screen.Number(int(p.total)), screen.Number(int(c.Created)), screen.Number(int(c.Already)), screen.Number(int(c.Failed)))
}

func (p *plainProgress) end() {}
