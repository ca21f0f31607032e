package builtin

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// udpSize is the answer that we take over UDP, in bytes: what passes through nearly every network in one piece.
const udpSize = 1232

var (
	errNotTheAnswer = errors.New("not the answer to this question")
	errMalformed    = errors.New("malformed answer")
)

// reply is what a server said.
type reply struct {
	header dnsmessage.Header
	// answers, whatever their names: a server that resolves follows aliases itself.
	answers []dnsmessage.Resource
}

// exchange asks one server one question, over UDP, and over TCP when the answer is too large for it.
func exchange(ctx context.Context, server string, question dnsmessage.Question) (reply, error) {
	id := uint16(rand.Uint32())
	query, err := pack(id, question)
	if err != nil {
		return reply{}, err
	}
	r, err := exchangeOver(ctx, "udp", server, query, id, question)
	if err == nil && r.header.Truncated {
		return exchangeOver(ctx, "tcp", server, query, id, question)
	}
	return r, err
}

func exchangeOver(ctx context.Context, network, server string, query []byte, id uint16, question dnsmessage.Question) (reply, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, network, server)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) }) // ends what waits
	defer stop()

	if network == "tcp" {
		query = append(binary.BigEndian.AppendUint16(nil, uint16(len(query))), query...)
	}
	if _, err := conn.Write(query); err != nil {
		return reply{}, err
	}
	for {
		message, err := receive(conn, network)
		if err != nil {
			return reply{}, err
		}
		r, err := unpack(message, id, question)
		if network == "udp" && errors.Is(err, errNotTheAnswer) {
			continue // late, or forged
		}
		return r, err
	}
}

func receive(conn net.Conn, network string) ([]byte, error) {
	if network == "udp" {
		buf := make([]byte, udpSize)
		n, err := conn.Read(buf)
		return buf[:n], err
	}
	var length [2]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		return nil, err
	}
	buf := make([]byte, binary.BigEndian.Uint16(length[:]))
	_, err := io.ReadFull(conn, buf)
	return buf, err
}

func pack(id uint16, question dnsmessage.Question) ([]byte, error) {
	var edns dnsmessage.ResourceHeader
	if err := edns.SetEDNS0(udpSize, dnsmessage.RCodeSuccess, false); err != nil {
		return nil, err
	}
	m := dnsmessage.Message{
		Header:      dnsmessage.Header{ID: id, RecursionDesired: true},
		Questions:   []dnsmessage.Question{question},
		Additionals: []dnsmessage.Resource{{Header: edns, Body: &dnsmessage.OPTResource{}}},
	}
	return m.Pack()
}

func unpack(message []byte, id uint16, question dnsmessage.Question) (reply, error) {
	var p dnsmessage.Parser
	header, err := p.Start(message)
	if err != nil || header.ID != id || !header.Response {
		return reply{}, errNotTheAnswer
	}
	asked, err := p.AllQuestions()
	switch {
	case err != nil:
		return reply{}, errMalformed
	case len(asked) == 0 && header.RCode != dnsmessage.RCodeSuccess:
		return reply{header: header}, nil // some refuse without repeating the question
	case len(asked) != 1 || asked[0].Type != question.Type || asked[0].Class != question.Class ||
		!strings.EqualFold(asked[0].Name.String(), question.Name.String()):
		return reply{}, errNotTheAnswer
	}
	if header.Truncated {
		return reply{header: header}, nil
	}
	answers, err := p.AllAnswers()
	if err != nil {
		return reply{}, errMalformed
	}
	return reply{header: header, answers: answers}, nil
}
