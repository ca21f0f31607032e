package contact

import "testing"

func TestNormaliseAddress(t *testing.T) {
	tests := map[string]struct {
		reason, typed, want string
	}{
		"plain":           {"nothing to do", "ada@example.com", "ada@example.com"},
		"case and blanks": {"people type as they like", "  Ada.Lovelace@Example.COM\t", "ada.lovelace@example.com"},
		"dots and plus":   {"mail servers may tell them apart", "a.b+news@example.com", "a.b+news@example.com"},
		"idn domain":      {"two spellings of one domain", "ada@bücher.example", "ada@xn--bcher-kva.example"},
		"idn in capitals": {"and in capitals", "ada@BÜCHER.example", "ada@xn--bcher-kva.example"},
		"decomposed":      {"one letter, typed as two code points", "rene\u0301@example.com", "ren\u00e9@example.com"},
		"root dot":        {"the same domain, fully qualified", "ada@example.com.", "ada@example.com"},
		"no domain":       {"malformed: kept, in lower case", "Not-An-Address", "not-an-address"},
		"bad domain":      {"malformed: kept as far as it goes", "Ada@exa mple.com", "ada@exa mple.com"},
		"two at signs":    {"the last one parts local and domain", `"A@B"@Example.com`, `"a@b"@example.com`},
		"blank":           {"nothing is left", " \t", ""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := NormaliseAddress(tc.typed); got != tc.want {
				t.Errorf("NormaliseAddress(%q) = %q, want %q: %s", tc.typed, got, tc.want, tc.reason)
			}
		})
	}
}

func TestNameIsStableAndValid(t *testing.T) {
	// A changed name would orphan every Contact there is: this value must never change.
	if got, want := Name("ada@example.com"), "wx6ilzkxkx46bubquefliqu3nm"; got != want {
		t.Errorf("Name = %q, want %q", got, want)
	}
	if Name("ada@example.com") == Name("ada@example.org") {
		t.Error("two addresses have one name")
	}
}

func FuzzNormaliseAddress(f *testing.F) {
	for _, seed := range []string{"ada@example.com", " Ada@BÜCHER.example. ", "@", "a@", "\xff@\xfe", "ada@xn--a", "İ@İ.example"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		once := NormaliseAddress(typed)
		if twice := NormaliseAddress(once); twice != once {
			t.Errorf("normalising again changes %q to %q", once, twice)
		}
	})
}
