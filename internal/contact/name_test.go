package contact

import "testing"

func TestSubmissionName(t *testing.T) {
	// A changed name would make a second submission of a replay that spans an upgrade: this value must never change.
	base := SubmissionName("contacts", "trial", "intake", "key", []byte("payload"))
	if want := "kosiy7mnzln6n4mzp46yb4lw5v"; base != want {
		t.Errorf("SubmissionName = %q, want %q", base, want)
	}
	for _, other := range []string{
		SubmissionName("contactst", "rial", "intake", "key", []byte("payload")),
		SubmissionName("contacts", "trial", "intakek", "ey", []byte("payload")),
		SubmissionName("contacts", "trial", "intake", "key", []byte("payload2")),
	} {
		if other == base {
			t.Error("two submissions have one name")
		}
	}
	if a, b := RandomName(), RandomName(); a == b || len(a) != len(base) {
		t.Errorf("random names %q and %q", a, b)
	}
}
