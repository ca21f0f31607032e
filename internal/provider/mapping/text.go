package mapping

import (
	"strconv"
	"strings"

	"github.com/contact-operator/contact-operator/internal/provider/expression"
)

// Text writes a rendered value for a field that takes texts alone. Several values are separated by semicolons, as systems do
// that keep several options in one text; an object is JSON.
func Text(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	case []any:
		parts := make([]string, len(v))
		for i, element := range v {
			var err error
			if parts[i], err = Text(element); err != nil {
				return "", err
			}
		}
		return strings.Join(parts, ";"), nil
	}
	b, err := expression.Marshal(v)
	return string(b), err
}
