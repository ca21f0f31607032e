package builtin

import (
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// Whatever a server sends, it is read or refused.
func FuzzUnpack(f *testing.F) {
	question := dnsmessage.Question{Name: dnsmessage.MustNewName("person.example."), Type: dnsmessage.TypeMX, Class: dnsmessage.ClassINET}
	server := &dnsServer{asked: map[string]int{}, zones: map[string]zone{"person.example": {mx: []string{"mail.person.example."}, cname: "other.example."}}}
	query, err := pack(7, question)
	if err != nil {
		f.Fatal(err)
	}
	for _, message := range server.answer(query, "udp") {
		f.Add(message)
	}
	f.Add(query)
	f.Add([]byte{0, 7, 0x80, 0})
	f.Fuzz(func(t *testing.T, message []byte) {
		r, err := unpack(message, 7, question)
		if err == nil && (r.header.ID != 7 || !r.header.Response) {
			t.Errorf("taken for the answer: %x", message)
		}
		exchanger(ofType(r.answers, dnsmessage.TypeMX))
	})
}
