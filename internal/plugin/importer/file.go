package importer

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// The encodings that are read.
const (
	encodingUTF8   = "utf8"
	encodingLatin1 = "latin1" // read as Windows-1252, its superset, which is what programs write
	encodingUTF16  = "utf16"
)

var (
	bomUTF8    = []byte{0xEF, 0xBB, 0xBF}
	bomUTF16LE = []byte{0xFF, 0xFE}
	bomUTF16BE = []byte{0xFE, 0xFF}
	magicZip   = []byte("PK\x03\x04")
)

// source is the file that is imported.
type source struct {
	path      string
	encoding  string
	separator byte
}

// isJSON tells by its name what a file holds.
func (s *source) isJSON() (bool, error) {
	switch strings.ToLower(filepath.Ext(s.path)) {
	case ".csv", ".tsv", ".txt":
		return false, nil
	case ".jsonl", ".ndjson":
		return true, nil
	}
	return false, fmt.Errorf("%s is neither a .csv nor a .jsonl file", s.path)
}

// open returns the records of the file. The caller closes it.
func (s *source) open() (records, io.Closer, error) {
	isJSON, err := s.isJSON()
	if err != nil {
		return nil, nil, err
	}
	file, err := os.Open(s.path)
	if err != nil {
		return nil, nil, err
	}
	decoded, err := decode(file, s.encoding)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("%s: %w", s.path, err), file.Close())
	}
	if isJSON {
		return &jsonRecords{lines: newLines(decoded)}, file, nil
	}
	r, err := newCSV(newLines(decoded), s.separator)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("%s: %w", s.path, err), file.Close())
	}
	return r, file, nil
}

// decode turns a file into UTF-8 without a byte order mark.
func decode(in io.Reader, encoding string) (io.Reader, error) {
	buffered := bufio.NewReader(in)
	start, err := buffered.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(start, magicZip):
		return nil, errors.New("this is a workbook or an archive; save it as CSV (UTF-8)")
	case encoding == encodingUTF16:
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Reader(buffered), nil
	case bytes.HasPrefix(start, bomUTF16LE), bytes.HasPrefix(start, bomUTF16BE):
		return nil, errors.New("this file is in UTF-16: give --encoding utf16")
	case encoding == encodingLatin1:
		return charmap.Windows1252.NewDecoder().Reader(buffered), nil
	case bytes.HasPrefix(start, bomUTF8):
		_, err := buffered.Discard(len(bomUTF8))
		return buffered, err
	}
	return buffered, nil
}

// survey is what a first reading of the file tells.
type survey struct {
	hash   string // SHA-256 of the whole file
	total  int64  // records, blank ones included
	header []string
}

// look reads the file once, before anything is sent: whether all of it can be read, how long it is, and its hash.
func (s *source) look() (survey, error) {
	all, file, err := s.open()
	if err != nil {
		return survey{}, err
	}
	defer func() { _ = file.Close() }() // it was only read
	found := survey{}
	if r, is := all.(*csvRecords); is {
		found.header = r.header
		if !utf8.ValidString(strings.Join(r.header, "")) {
			return survey{}, s.notUTF8(1)
		}
	}
	for {
		rec, err := all.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return survey{}, fmt.Errorf("read %s: %w", s.path, err)
		}
		if rec.problem == "" && !utf8.ValidString(rec.raw) {
			return survey{}, s.notUTF8(rec.line)
		}
		found.total++
	}
	if found.hash, err = hashOf(s.path); err != nil {
		return survey{}, err
	}
	return found, nil
}

func (s *source) notUTF8(line int64) error {
	return fmt.Errorf("%s: line %d is not in UTF-8. Save the file in that encoding; if it is an old export of a Western European "+
		"program, give --encoding latin1. Nothing was sent", s.path, line)
}

func hashOf(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }() // it was only read
	h := sha256.New()
	if _, err := io.Copy(h, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
