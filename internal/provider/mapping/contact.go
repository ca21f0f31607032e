package mapping

import (
	"strings"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// contactFields are the names that From may have.
func contactFields() map[string]func(*provider.Contact) any {
	return map[string]func(*provider.Contact) any{
		"Name":             func(c *provider.Contact) any { return c.Name },
		"FirstName":        func(c *provider.Contact) any { first, _ := SplitName(c.Name); return first },
		"LastName":         func(c *provider.Contact) any { _, last := SplitName(c.Name); return last },
		"Company":          func(c *provider.Contact) any { return c.Company },
		"Phone":            func(c *provider.Contact) any { return c.Phone },
		"Country":          func(c *provider.Contact) any { return c.Country },
		"Location":         func(c *provider.Contact) any { return c.Location },
		"Channels":         func(c *provider.Contact) any { return list(c.Channels) },
		"Consent":          func(c *provider.Contact) any { return c.Consent.Marketing },
		"ConsentStatement": func(c *provider.Contact) any { return c.Consent.Statement },
		"ConsentTime":      func(c *provider.Contact) any { return c.Consent.Time },
	}
}

func list(texts []string) []any {
	values := make([]any, len(texts))
	for i, s := range texts {
		values[i] = s
	}
	return values
}

// SplitName divides a name where a system keeps it in two fields. What stands before a comma is the last name; without a
// comma it is the last word. A name of one word is a first name. Nobody can do this right for all people: where it matters,
// a form asks for both, and the mapping takes the attributes.
func SplitName(name string) (first, last string) {
	if before, after, found := strings.Cut(name, ","); found {
		return words(after), words(before)
	}
	all := strings.Fields(name)
	if len(all) < 2 {
		return strings.Join(all, ""), ""
	}
	return strings.Join(all[:len(all)-1], " "), all[len(all)-1]
}

func words(s string) string { return strings.Join(strings.Fields(s), " ") }
