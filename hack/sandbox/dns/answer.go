package dns

import (
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// What the server tells the world by. Everything below a domain is as the domain itself.
const (
	missing = "undeliverable.example." // does not exist
	noMail  = "nullmx.example."        // has a null MX (RFC 7505)
	failing = "unknown.example."       // its own name servers fail
	top     = "com."                   // is there: whoever wants to know whether a DNS has the Internet in it asks for it

	exchanger  = "mx.sandbox.example."
	nameServer = "ns.sandbox.example."
)

// answer returns the message that a query leads to, or nil where none may be sent. It always fits into the 512 bytes that
// any client takes over UDP: a name of at most 255 and one short record.
func answer(query []byte) []byte {
	var p dnsmessage.Parser
	asked, err := p.Start(query)
	if err != nil || asked.Response { // an answer to an answer could go back and forth for ever
		return nil
	}
	reply := dnsmessage.Message{Header: dnsmessage.Header{
		ID: asked.ID, OpCode: asked.OpCode, Response: true, RecursionDesired: asked.RecursionDesired, RecursionAvailable: true,
	}}
	questions, err := p.AllQuestions()
	switch {
	case asked.OpCode != 0:
		reply.RCode = dnsmessage.RCodeNotImplemented
	case err != nil || len(questions) != 1:
		reply.RCode = dnsmessage.RCodeFormatError
	case questions[0].Class != dnsmessage.ClassINET:
		reply.RCode, reply.Questions = dnsmessage.RCodeRefused, questions
	default:
		reply.Questions = questions
		reply.Answers, reply.RCode = look(questions[0])
	}
	message, err := reply.Pack()
	if err != nil {
		return nil
	}
	return message
}

// look finds the answer to a question. Negative answers come without the SOA record that says how long they hold: nobody
// is to remember what a stand-in says.
func look(q dnsmessage.Question) ([]dnsmessage.Resource, dnsmessage.RCode) {
	name := strings.ToLower(q.Name.String())
	switch {
	case covers(missing, name):
		return nil, dnsmessage.RCodeNameError
	case covers(failing, name):
		return nil, dnsmessage.RCodeServerFailure
	}
	var body dnsmessage.ResourceBody
	switch q.Type {
	case dnsmessage.TypeMX:
		host := exchanger
		if covers(noMail, name) {
			host = "."
		}
		body = &dnsmessage.MXResource{MX: dnsmessage.MustNewName(host)}
	case dnsmessage.TypeA:
		body = &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}}
	case dnsmessage.TypeNS:
		if name != top {
			return nil, dnsmessage.RCodeSuccess
		}
		body = &dnsmessage.NSResource{NS: dnsmessage.MustNewName(nameServer)}
	default:
		return nil, dnsmessage.RCodeSuccess
	}
	header := dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class} // a TTL of 0: see above
	return []dnsmessage.Resource{{Header: header, Body: body}}, dnsmessage.RCodeSuccess
}

// covers tells whether a name is a domain or below it.
func covers(domain, name string) bool {
	return name == domain || strings.HasSuffix(name, "."+domain)
}
