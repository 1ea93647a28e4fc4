package bagit

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"tutela/fault"
)

// header returns the one tar header that a file of this name, size and time
// has (section 2 of the format).
func header(name string, size, seconds int64) ([]byte, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	if size < 0 || size > MaxSize || seconds < 0 || seconds > maxTime {
		return nil, fault.New(fault.Invalid, "bagit: %s: size %d or time %d outside the format", name, size, seconds)
	}
	h := make([]byte, block)
	copy(h, name)
	copy(h[100:], "0000644\x000000000\x000000000\x00")
	copy(h[124:], fmt.Sprintf("%011o\x00%011o\x00", size, seconds))
	copy(h[148:], "        0")
	copy(h[257:], "ustar\x0000")
	copy(h[329:], "0000000\x000000000\x00")
	sum := 0
	for _, b := range h {
		sum += int(b)
	}
	copy(h[148:], fmt.Sprintf("%06o\x00 ", sum))
	return h, nil
}

// tarWriter writes members in ascending order of their names.
type tarWriter struct {
	w       io.Writer
	seconds int64
	last    string
}

func (t *tarWriter) add(name string, size int64, body io.Reader) error {
	if name <= t.last {
		return fault.New(fault.Invalid, "bagit: %s follows %s", name, t.last)
	}
	t.last = name
	h, err := header(name, size, t.seconds)
	if err != nil {
		return err
	}
	if _, err := t.w.Write(h); err != nil {
		return fmt.Errorf("bagit: write header: %w", err)
	}
	n, err := io.Copy(t.w, io.LimitReader(body, size+1))
	if err != nil {
		return fmt.Errorf("bagit: write %s: %w", name, err)
	}
	if n != size {
		return fault.New(fault.Corrupt, "bagit: %s is not the %d bytes that were announced", name, size)
	}
	_, err = t.w.Write(make([]byte, padding(size)))
	return err
}

func (t *tarWriter) close() error {
	_, err := t.w.Write(make([]byte, 2*block))
	return err
}

func padding(size int64) int64 { return (block - size%block) % block }

// member is one file that a reader came to.
type member struct {
	name string
	size int64
	body io.Reader
}

// readTar calls visit for every member, in order, and returns the time of the
// headers. Every byte is determined: a header is compared with the only one
// that its name, size and time can have.
func readTar(r io.Reader, visit func(member) error) (time.Time, error) {
	seconds, last := int64(-1), ""
	for {
		h := make([]byte, block)
		if _, err := io.ReadFull(r, h); err != nil {
			return time.Time{}, fault.New(fault.Corrupt, "bagit: tar ends after %q: %w", last, err)
		}
		if h[0] == 0 {
			if err := readEnd(r, h); err != nil {
				return time.Time{}, err
			}
			if seconds < 0 {
				return time.Time{}, fault.New(fault.Corrupt, "bagit: tar without files")
			}
			return time.Unix(seconds, 0).UTC(), nil
		}
		m, at, err := parseHeader(h)
		switch {
		case err != nil:
			return time.Time{}, err
		case m.name <= last:
			return time.Time{}, fault.New(fault.Corrupt, "bagit: %s follows %s in the tar", m.name, last)
		case seconds >= 0 && at != seconds:
			return time.Time{}, fault.New(fault.Corrupt, "bagit: %s has another time than the files before", m.name)
		}
		seconds, last = at, m.name
		if err := readMember(r, m, visit); err != nil {
			return time.Time{}, err
		}
	}
}

func readMember(r io.Reader, m member, visit func(member) error) error {
	body := &io.LimitedReader{R: r, N: m.size}
	m.body = body
	if err := visit(m); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, body); err != nil || body.N != 0 {
		return fault.New(fault.Corrupt, "bagit: tar ends inside %s", m.name)
	}
	pad := make([]byte, padding(m.size))
	if _, err := io.ReadFull(r, pad); err != nil || !zeros(pad) {
		return fault.New(fault.Corrupt, "bagit: %s is not padded with zeros", m.name)
	}
	return nil
}

// readEnd expects the second zero block and the end.
func readEnd(r io.Reader, first []byte) error {
	second := make([]byte, block)
	if _, err := io.ReadFull(r, second); err != nil || !zeros(first) || !zeros(second) {
		return fault.New(fault.Corrupt, "bagit: tar does not end with two zero blocks")
	}
	if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		if n2, err2 := r.Read(make([]byte, 1)); n == 0 && n2 == 0 && err2 == io.EOF {
			return nil // a reader may return nothing once before its end
		}
		return fault.New(fault.Corrupt, "bagit: bytes after the end of the tar")
	}
	return nil
}

func parseHeader(h []byte) (member, int64, error) {
	name, _, _ := bytes.Cut(h[:100], []byte{0})
	size, err1 := octal(h[124:136])
	at, err2 := octal(h[136:148])
	if err1 != nil || err2 != nil {
		return member{}, 0, fault.New(fault.Corrupt, "bagit: a tar header has a damaged size or time")
	}
	want, err := header(string(name), size, at)
	if err != nil {
		return member{}, 0, fault.New(fault.Corrupt, "%w", err)
	}
	if !bytes.Equal(want, h) {
		return member{}, 0, fault.New(fault.Corrupt, "bagit: the tar header of %s is not in the strict form", name)
	}
	return member{name: string(name), size: size}, at, nil
}

func octal(b []byte) (int64, error) {
	return strconv.ParseInt(strings.TrimSuffix(string(b), "\x00"), 8, 64)
}

func zeros(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
