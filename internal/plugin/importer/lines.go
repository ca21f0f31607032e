package importer

import (
	"bufio"
	"errors"
	"io"
)

// maxLine is the longest line that is read, in bytes: far more than a submission may hold.
const maxLine = 256 << 10

// line is one physical line.
type line struct {
	number  int64
	text    []byte // without the line break
	tooLong bool   // text is only the beginning
}

// lines reads a text line by line, in memory that does not depend on the text. Lines can be given back.
type lines struct {
	in     *bufio.Reader
	number int64
	back   []line
}

func newLines(in io.Reader) *lines { return &lines{in: bufio.NewReaderSize(in, 64<<10)} }

// next returns the next line, or io.EOF.
func (l *lines) next() (line, error) {
	if len(l.back) > 0 {
		first := l.back[0]
		l.back = l.back[1:]
		return first, nil
	}
	var text []byte
	tooLong := false
	for {
		part, err := l.in.ReadSlice('\n')
		if len(text)+len(part) > maxLine {
			tooLong = true
			part = part[:maxLine-len(text)]
		}
		text = append(text, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && len(text) == 0:
			return line{}, io.EOF
		case err != nil && !errors.Is(err, io.EOF):
			return line{}, err
		}
		l.number++
		if !tooLong {
			text = chomp(text)
		}
		return line{number: l.number, text: text, tooLong: tooLong}, nil
	}
}

// giveBack makes next return these lines again.
func (l *lines) giveBack(these []line) {
	if len(these) > 0 {
		l.back = append(append([]line(nil), these...), l.back...)
	}
}

func chomp(text []byte) []byte {
	if n := len(text); n > 0 && text[n-1] == '\n' {
		text = text[:n-1]
	}
	if n := len(text); n > 0 && text[n-1] == '\r' {
		text = text[:n-1]
	}
	return text
}
