// Command contactsgen writes a CSV file of old contacts, such as comes out of a system that was used for years:
//
//	go run ./hack/contactsgen -n 2000 > old.csv
//	go run ./hack/contactsgen -n 2000 --expect
//
// The same seed gives the same file. With --expect it writes no file but what its import must come to.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/contact-operator/contact-operator/hack/contactsgen/generate"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "contactsgen:", err)
		os.Exit(1)
	}
}

func run() error {
	n := flag.Int("n", 2000, "how many lines, without the header")
	seed := flag.Uint64("seed", 1, "another seed gives another file")
	expect := flag.Bool("expect", false, "write no file, but what its import must come to, as JSON")
	flag.Parse()
	if *n < 0 || flag.NArg() > 0 {
		return fmt.Errorf("give -n as a number of lines, and no arguments; see -help")
	}
	if *expect {
		found, err := generate.Write(io.Discard, *n, *seed)
		if err != nil {
			return err
		}
		encoder := json.NewEncoder(os.Stdout)
		encoder.SetIndent("", "  ")
		return encoder.Encode(found)
	}
	out := bufio.NewWriter(os.Stdout)
	if _, err := generate.Write(out, *n, *seed); err != nil {
		return err
	}
	return out.Flush()
}
