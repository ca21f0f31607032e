package generate

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"
)

func TestWrite(t *testing.T) {
	var one, two, other bytes.Buffer
	expect, err := Write(&one, 2000, 1)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Write(&two, 2000, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Write(&other, 2000, 2); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(one.Bytes(), two.Bytes()) || expect != again {
		t.Error("the same seed must give the same file")
	}
	if bytes.Equal(one.Bytes(), other.Bytes()) {
		t.Error("another seed must give another file")
	}
	if sum := expect.Submissions + expect.Repeated + expect.Blank + expect.Broken; sum != expect.Lines || expect.Lines != 2000 {
		t.Errorf("%+v: the kinds of lines come to %d", expect, sum)
	}
	for kind, n := range map[string]int{
		"people": expect.People, "rejected": expect.Rejected, "repeated": expect.Repeated, "blank": expect.Blank, "broken": expect.Broken,
	} {
		if n < 20 {
			t.Errorf("only %d %s of 2,000 lines", n, kind)
		}
	}
	if duplicates := expect.Submissions - expect.Rejected - expect.People; duplicates < 100 {
		t.Errorf("only %d duplicates", duplicates)
	}
}

// TestPeople counts the people in a way of its own.
func TestPeople(t *testing.T) {
	var text bytes.Buffer
	expect, err := Write(&text, 1000, 3)
	if err != nil {
		t.Fatal(err)
	}
	r := csv.NewReader(&text)
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Header, rows[0]); diff != "" {
		t.Error(diff)
	}
	people := map[string]bool{}
	for _, row := range rows[1:] {
		if len(row) != len(Header) {
			continue
		}
		address := strings.TrimSuffix(norm.NFC.String(strings.ToLower(strings.TrimSpace(row[1]))), ".")
		local, domain, _ := strings.Cut(address, "@")
		bad := domain == "" || strings.Contains(domain, "@") || domain == "undeliverable.example" || domain == "disposable.example" || local == "info"
		if !bad {
			people[address] = true
		}
	}
	if len(people) != expect.People {
		t.Errorf("%d people, the generator says %d", len(people), expect.People)
	}
}
