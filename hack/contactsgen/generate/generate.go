// Package generate makes files of old contacts as they come out of real systems: people who stand in them several times
// in other spellings, blank lines, lines with the wrong number of columns, bad addresses, accents and line breaks.
package generate

import (
	"encoding/csv"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/contact-operator/contact-operator/internal/contact"
)

// Expect says what a file holds, and so what its import must come to.
type Expect struct {
	// Lines after the header, blank ones included. A value in quotes may hold a line break; such a line counts once.
	Lines int `json:"lines"`
	// Submissions is how many different lines can be imported.
	Submissions int `json:"submissions"`
	// People is how many different addresses among them are good: the Contacts that come of it.
	People int `json:"people"`
	// Rejected is how many of the submissions have an address that a validation rejects.
	Rejected int `json:"rejected"`
	// Repeated lines are the same as an earlier one, character by character.
	Repeated int `json:"repeated"`
	Blank    int `json:"blank"`
	// Broken lines can't be imported: they have the wrong number of columns, or no address.
	Broken int `json:"broken"`
}

// Header is the names of the columns. The address, the name, the company, the phone number and the country are found by
// them; Newsletter is the answer to the marketing question and "Last Contact" the time.
var Header = []string{"Full Name", "E-Mail", "Company", "Phone", "Country", "Newsletter", "Last Contact", "Plan"}

type generator struct {
	random *rand.Rand
	people []person
	made   map[string]bool // lines, as they were written
	good   map[string]bool // normalised addresses
	expect Expect
}

type person struct {
	name, email, company, phone, country string
}

// Write writes a file of n lines. The same seed gives the same file.
func Write(out io.Writer, n int, seed uint64) (Expect, error) {
	g := &generator{
		random: rand.New(rand.NewPCG(seed, seed)),
		made:   map[string]bool{}, good: map[string]bool{},
	}
	if err := write(out, Header); err != nil {
		return Expect{}, err
	}
	previous := []string(nil)
	for range n {
		g.expect.Lines++
		var err error
		switch dice := g.random.IntN(100); {
		case dice < 4:
			g.expect.Blank++
			_, err = io.WriteString(out, g.pick("\n", "   \n", ",,,,,,,\n"))
		case dice < 7:
			g.expect.Broken++
			row := g.row(g.newPerson())
			err = write(out, g.pickRow(row[:len(row)-2], append(row, "what", "is this")))
		case dice < 8:
			g.expect.Broken++
			p := g.newPerson()
			p.email = ""
			err = write(out, g.row(p))
		case dice < 11 && previous != nil:
			g.expect.Repeated++
			err = write(out, previous)
		case dice < 17:
			p := g.newPerson()
			p.email = g.badAddress(p.email)
			err = g.writeNew(out, p, false)
		case dice < 35 && len(g.people) > 0:
			p := g.people[g.random.IntN(len(g.people))]
			p.email = g.otherSpelling(p.email)
			previous, err = g.writeGood(out, p)
		default:
			p := g.newPerson()
			g.people = append(g.people, p)
			previous, err = g.writeGood(out, p)
		}
		if err != nil {
			return Expect{}, err
		}
	}
	g.expect.People = len(g.good)
	return g.expect, nil
}

func (g *generator) writeGood(out io.Writer, p person) ([]string, error) {
	row := g.row(p)
	g.good[contact.NormaliseAddress(p.email)] = true
	return row, g.count(out, row, true)
}

func (g *generator) writeNew(out io.Writer, p person, good bool) error {
	return g.count(out, g.row(p), good)
}

func (g *generator) count(out io.Writer, row []string, good bool) error {
	var key string
	for _, cell := range row {
		key += strings.TrimSpace(cell) + "\x00"
	}
	if g.made[key] {
		g.expect.Repeated++
	} else {
		g.made[key] = true
		g.expect.Submissions++
		if !good {
			g.expect.Rejected++
		}
	}
	return write(out, row)
}

func write(out io.Writer, row []string) error {
	w := csv.NewWriter(out)
	if err := w.Write(row); err != nil {
		return err
	}
	w.Flush()
	return w.Error()
}

func (g *generator) newPerson() person {
	first, last := g.pick(firstNames...), g.pick(lastNames...)
	number := len(g.people) + g.random.IntN(1_000_000)
	return person{
		name:    first + " " + last,
		email:   fmt.Sprintf("%s.%s.%d@%s", address(first), address(last), number, g.pick(domains...)),
		company: g.pick(companies...),
		phone:   fmt.Sprintf("+%d %d %07d", g.pickInt(44, 47, 49, 33, 351, 81), 10+g.random.IntN(80), g.random.IntN(10_000_000)),
		country: g.pick(countries...),
	}
}

func (g *generator) row(p person) []string {
	day := time.Date(2015, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, g.random.IntN(4000))
	return []string{
		p.name, p.email, p.company, p.phone, p.country, g.pick("yes", "no", "", ""),
		day.Format(time.DateOnly), g.pick("", "free", "pro", "team"),
	}
}

// otherSpelling writes an address so that it is still the same person's.
func (g *generator) otherSpelling(email string) string {
	switch g.random.IntN(5) {
	case 0:
		return strings.ToUpper(email)
	case 1:
		return "  " + email + " "
	case 2:
		return email + "."
	case 3:
		return norm.NFD.String(email)
	default:
		return email
	}
}

// badAddress makes an address that a validation rejects.
func (g *generator) badAddress(email string) string {
	local, _, _ := strings.Cut(email, "@")
	return g.pick(
		local, local+"@undeliverable.example", local+"@disposable.example", local+"@two@signs.example", "info@"+g.pick(domains...),
	)
}

// address writes a name as the local part of an address. Some letters stay as they are: such addresses exist.
func address(name string) string {
	return strings.ToLower(strings.NewReplacer(" ", "", "'", "", "ß", "ss", "Ø", "o", "ø", "o", "É", "e", "Ž", "z", "Ł", "l").Replace(name))
}

func (g *generator) pick(from ...string) string { return from[g.random.IntN(len(from))] }

func (g *generator) pickInt(from ...int) int { return from[g.random.IntN(len(from))] }

func (g *generator) pickRow(from ...[]string) []string { return from[g.random.IntN(len(from))] }

var (
	firstNames = []string{
		"Ada", "Zoë", "José", "Håkon", "Łukasz", "Nguyễn", "Éloïse", "Jürgen", "Siobhán", "Amara", "Yuki", "Øystein", "Žofia", "Ana Lúcia",
		"Mehmet", "Ingrid", "Ravi", "Chloé", "Grace", "Tomás",
	}
	lastNames = []string{
		"Okafor", "Müller", "Muñoz", "Ødegård", "Wójcik", "Van den Berg", "O'Brien", "Tanaka", "Strauß", "Çelik", "Sharma", "Dvořák",
		"Lindqvist", "García", "Smith", "Anaïs", "Horváth", "Kovačević",
	}
	domains = []string{
		"example.com", "example.org", "fjordverk.example", "tulp-molen.example", "bücher.example", "post.example", "museum.example",
	}
	companies = []string{
		"", "Okafor & Daughters", "Muñoz, Pérez y Asociados", `Zeichen "und" Wunder GmbH`, "Fjordverk AS", "Łódź Tools sp. z o.o.",
		"Two Lines\nLtd", "=SUM(A1:A9)", "Société Générale d'Exemple",
	}
	countries = []string{"", "Norway", "DE", "España", "United Kingdom", "日本", "Nederland", "fr", "Česko"}
)
