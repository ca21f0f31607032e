// Package dns is a stand-in for a DNS resolver with the Internet behind it, for trials and tests on machines that have none.
//
// Every domain takes mail (an MX record, and an address, which leads nowhere), apart from undeliverable.example, which does
// not exist, nullmx.example, which says that it takes none, and unknown.example, whose own name servers fail (SERVFAIL). The
// domains below these are like them. It answers over UDP and TCP.
package dns

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"golang.org/x/net/netutil"
	"golang.org/x/sync/errgroup"
)

const (
	maxQuery = 4096 // bytes over UDP; a question with all that may go with it takes a tenth
	maxConns = 64   // over TCP at once; more wait
	idle     = 10 * time.Second
)

// Server is one resolver.
type Server struct {
	udp net.PacketConn
	tcp net.Listener
}

// Listen takes an address, as host:port, for UDP and TCP. A port 0 becomes one that is free for both, or nearly always so.
func Listen(ctx context.Context, addr string) (*Server, error) {
	var lc net.ListenConfig
	tcp, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("the DNS server: %w", err)
	}
	udp, err := lc.ListenPacket(ctx, "udp", tcp.Addr().String())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the DNS server: %w", err), tcp.Close())
	}
	return &Server{udp: udp, tcp: netutil.LimitListener(tcp, maxConns)}, nil
}

// Addr is where the server listens, as host:port.
func (s *Server) Addr() string { return s.udp.LocalAddr().String() }

// Close gives the address back. Serve does it, too.
func (s *Server) Close() error { return errors.Join(s.udp.Close(), s.tcp.Close()) }

// Serve answers until ctx ends, and returns nil then, with nothing left running. It can be called once.
func (s *Server) Serve(ctx context.Context) error {
	serving, ctx := errgroup.WithContext(ctx)
	serving.Go(func() error { return unlessEnded(ctx, s.serveUDP()) })
	serving.Go(func() error { return unlessEnded(ctx, s.serveTCP(ctx)) })
	serving.Go(func() error {
		<-ctx.Done()
		_ = s.Close() // ends the two above
		return nil
	})
	return serving.Wait()
}

// unlessEnded leaves out the error that closing the sockets leads to.
func unlessEnded(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("the DNS server: %w", err)
}

// serveUDP answers one query after another: there is nothing to wait for.
func (s *Server) serveUDP() error {
	buf := make([]byte, maxQuery)
	for {
		n, from, err := s.udp.ReadFrom(buf)
		if err != nil {
			return err
		}
		if message := answer(buf[:n]); message != nil {
			_, _ = s.udp.WriteTo(message, from) // who gets none asks again
		}
	}
}

func (s *Server) serveTCP(ctx context.Context) error {
	var conns sync.WaitGroup
	defer conns.Wait()
	for {
		conn, err := s.tcp.Accept()
		if err != nil {
			return err
		}
		conns.Go(func() {
			defer func() { _ = conn.Close() }()
			defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
			for answerOne(conn) == nil {
			}
		})
	}
}

// answerOne answers the next query of a connection. After an error nothing more can be read from it.
func answerOne(conn net.Conn) error {
	if err := conn.SetDeadline(time.Now().Add(idle)); err != nil {
		return err
	}
	var length [2]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		return err
	}
	query := make([]byte, binary.BigEndian.Uint16(length[:]))
	if _, err := io.ReadFull(conn, query); err != nil {
		return err
	}
	message := answer(query)
	if message == nil {
		return errors.New("not a query")
	}
	_, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(message))), message...))
	return err
}
