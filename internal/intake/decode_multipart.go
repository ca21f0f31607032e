package intake

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"strings"
)

// maxParts bounds the parts of a multipart form. A submission has at most half as many values.
const maxParts = 128

const brokenParts = "The form is not properly encoded: a part of it is broken, or its end is missing."

// decodeMultipart reads a body of type multipart/form-data (RFC 7578): the same fields as decodeForm. The body is bounded
// and in memory; nothing is written to disk. Files are refused by name, except for those that nobody chose: browsers send
// a file field that was left alone as a part without name and content.
func decodeMultipart(body []byte, boundary string) (*formInput, error) {
	reader := multipart.NewReader(bytes.NewReader(body), boundary)
	values, errs := url.Values{}, FieldErrors{}
	for count := 0; ; count++ {
		part, err := reader.NextPart()
		// A boundary that is nowhere in the body looks like an end, too.
		if errors.Is(err, io.EOF) && bytes.Contains(body, []byte("--"+boundary+"--")) {
			return decodeValues(values, errs), nil
		}
		if err != nil {
			return nil, &malformed{brokenParts}
		}
		if count == maxParts {
			return nil, &malformed{"The form has too many parts."}
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return nil, &malformed{brokenParts}
		}

		name := part.FormName()
		filename, isFile := fileName(part)
		switch {
		case isFile && filename == "" && len(content) == 0:
		case name == "":
			return nil, &malformed{"A part of the form has no name."}
		case isFile:
			errs.add(name, "Files are not taken here. Send the form again without the file.")
		case !isUTF8(part):
			errs.add(name, "This text is not valid UTF-8; send it in that encoding.")
		default:
			values.Add(name, string(content))
		}
	}
}

// fileName returns the name of the file that a part is, and whether it is one.
func fileName(part *multipart.Part) (string, bool) {
	_, params, err := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
	if err != nil {
		return "", false
	}
	name, ok := params["filename"]
	return name, ok
}

// isUTF8 says whether a part claims no other character set.
func isUTF8(part *multipart.Part) bool {
	_, params, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
	charset := strings.ToLower(params["charset"])
	return err != nil || charset == "" || charset == "utf-8" || charset == "us-ascii"
}
