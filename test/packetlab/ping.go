package packetlab

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/eks-ipv6/cdk/internal/network"
	"github.com/eks-ipv6/cdk/test/packetlab/wire"
)

// pings reports whether the flow is an echo request of ICMPv6 and its reply. The kernel of the destination answers it.
func (f *Flow) pings() bool { return f.Proto == network.ICMPv6 }

// The types of ICMPv6 (RFC 4443).
const echoRequest, echoReply = 128, 129

// ping sends an echo request from a box and waits for the reply.
func ping(b *wire.Box, from, to netip.Addr, mark uint32, id uint16, wait time.Duration) error {
	deadline := time.Now().Add(wait)
	file, err := pingSocket(b, from, to, mark)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	conn, err := net.FileConn(file)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(deadline); err != nil {
		return err
	}
	packet := []byte{echoRequest, 7: 1} // the kernel fills in the checksum
	binary.BigEndian.PutUint16(packet[4:], id)
	if _, err := conn.Write(packet); err != nil {
		return err
	}
	buf := make([]byte, 256)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return err
		}
		if n >= 8 && buf[0] == echoReply && binary.BigEndian.Uint16(buf[4:]) == id {
			return nil
		}
	}
}

// pingSocket opens a socket in a box that gets the ICMPv6 of one address.
func pingSocket(b *wire.Box, from, to netip.Addr, mark uint32) (file *os.File, err error) {
	err = b.Do(func() error {
		fd, err := unix.Socket(unix.AF_INET6, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_ICMPV6)
		if err != nil {
			return err
		}
		file = os.NewFile(uintptr(fd), to.String())
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_MARK, int(mark)); err != nil {
			return err
		}
		if err := unix.Bind(fd, sockaddr(netip.AddrPortFrom(from, 0))); err != nil {
			return fmt.Errorf("bind %s: %w", from, err)
		}
		if err := unix.Connect(fd, sockaddr(netip.AddrPortFrom(to, 0))); err != nil {
			return fmt.Errorf("connect %s: %w", to, err)
		}
		return nil
	})
	if err != nil && file != nil {
		_ = file.Close()
	}
	return file, err
}
