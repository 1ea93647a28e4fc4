// Package digestset answers whether a digest is in a set of some hundred million,
// from disk and in little memory. It promises an exact answer or an error: a page
// is verified before it is searched, so damage is never a silent no. It never
// holds more of the set in memory than 8 bytes for each page of 4,096.
//
// A [Builder] sorts digests of any number in bounded memory and writes the set;
// [Open] reads one. docs/formats/digestset.md has every byte.
package digestset

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"sort"
)

const (
	magic      = "TUTELA\x00K"
	version    = 1
	pageSize   = 4096
	pageBody   = pageSize - 4
	footerSize = 64
)

// ErrCorrupt is what every error about bytes that are not what was written wraps.
var ErrCorrupt = errors.New("digest set is damaged")

func corrupt(format string, args ...any) error {
	return fmt.Errorf("digest set: "+format+": %w", append(args, ErrCorrupt)...)
}

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

func validWidth(w int) bool { return w == 16 || w == 20 || w == 32 }

// Set is an open set. It is safe for concurrent use.
type Set struct {
	r       io.ReaderAt
	width   int
	n       int64
	perPage int64
	fences  []uint64
}

// Page is the memory that look-ups use, so that they allocate nothing. The zero
// value is ready; it serves one look-up at a time.
type Page struct {
	// The page, and before it its number, because the checksum is over both.
	numbered [8 + pageSize]byte
}

func (p *Page) number(n int64) { binary.BigEndian.PutUint64(p.numbered[:], uint64(n)) }

func (p *Page) bytes() []byte { return p.numbered[8:] }

func (p *Page) sum() uint32 { return crc32.Checksum(p.numbered[:8+pageBody], castagnoli()) }

// Open reads and verifies the footer and the fences of a set of size bytes. Errors
// about the bytes wrap ErrCorrupt.
func Open(r io.ReaderAt, size int64) (*Set, error) {
	if size < footerSize {
		return nil, corrupt("no footer in %d bytes", size)
	}
	var f [footerSize]byte
	if _, err := r.ReadAt(f[:], size-footerSize); err != nil {
		return nil, fmt.Errorf("digest set: read the footer: %w", err)
	}
	be := binary.BigEndian
	if string(f[:8]) != magic || be.Uint32(f[8:]) != version {
		return nil, corrupt("no footer of version %d", version)
	}
	s := &Set{r: r, width: int(be.Uint32(f[12:])), n: int64(be.Uint64(f[16:]))}
	pages := int64(be.Uint64(f[24:]))
	if !validWidth(s.width) || s.n < 0 || be.Uint64(f[32:]) != uint64(size) ||
		pages < 0 || pages > size/pageSize || size != pages*(pageSize+8)+footerSize {
		return nil, corrupt("the footer does not fit %d bytes", size)
	}
	s.perPage = int64(pageBody / s.width)
	if pages != (s.n+s.perPage-1)/s.perPage {
		return nil, corrupt("%d digests in %d pages", s.n, pages)
	}
	if err := s.readFences(pages, &f); err != nil {
		return nil, err
	}
	return s, nil
}

// readFences reads them in pieces, so that only the numbers stay in memory.
func (s *Set) readFences(pages int64, footer *[footerSize]byte) error {
	s.fences = make([]uint64, 0, pages)
	sum := uint32(0)
	var piece [8 * 1024]byte
	for at := int64(0); at < pages; at += 1024 {
		b := piece[:8*min(1024, pages-at)]
		if _, err := s.r.ReadAt(b, pages*pageSize+8*at); err != nil {
			return fmt.Errorf("digest set: read the fences: %w", err)
		}
		sum = crc32.Update(sum, castagnoli(), b)
		for i := 0; i < len(b); i += 8 {
			f := binary.BigEndian.Uint64(b[i:])
			if n := len(s.fences); n > 0 && s.fences[n-1] > f {
				return corrupt("fence %d is out of order", n)
			}
			s.fences = append(s.fences, f)
		}
	}
	if crc32.Update(sum, castagnoli(), footer[:60]) != binary.BigEndian.Uint32(footer[60:]) {
		return corrupt("checksum of fences and footer")
	}
	return nil
}

// Len returns the number of digests.
func (s *Set) Len() int64 { return s.n }

// Width returns the length of a digest in bytes: 16, 20 or 32.
func (s *Set) Width() int { return s.width }

// Contains reports whether the digest is in the set; one of another length is not.
// After an error nothing is known.
func (s *Set) Contains(p *Page, digest []byte) (bool, error) {
	if len(digest) != s.width || s.n == 0 {
		return false, nil
	}
	f := binary.BigEndian.Uint64(digest)
	for at := max(0, s.below(f)); ; {
		found, err := s.searchPage(p, at, digest)
		if found || err != nil {
			return found, err
		}
		if at++; at >= int64(len(s.fences)) || s.fences[at] > f {
			return false, nil
		}
	}
}

// below returns the last page whose fence is below f, or -1. It guesses by
// interpolation and narrows the guess, since digests are evenly spread; a set that
// is not is searched by halves.
func (s *Set) below(f uint64) int64 {
	lo, hi := 0, len(s.fences) // fences before lo are below f, those from hi on are not
	for range 6 {
		if hi-lo < 64 {
			break
		}
		a, b := s.fences[lo], s.fences[hi-1]
		if f <= a || f > b {
			break
		}
		at := lo + int(float64(hi-1-lo)*(float64(f-a)/float64(b-a)))
		margin := (hi - lo) / 64
		if left := max(lo, at-margin); s.fences[left] < f {
			lo = left
		}
		if right := min(hi-1, at+margin); s.fences[right] >= f {
			hi = right + 1
		}
	}
	return int64(lo+sort.Search(hi-lo, func(i int) bool { return s.fences[lo+i] >= f })) - 1
}

// searchPage reads, verifies and searches one page.
func (s *Set) searchPage(p *Page, number int64, digest []byte) (bool, error) {
	b := p.bytes()
	p.number(number)
	if _, err := s.r.ReadAt(b, number*pageSize); err != nil {
		return false, fmt.Errorf("digest set: read page %d: %w", number, err)
	}
	if p.sum() != binary.BigEndian.Uint32(b[pageBody:]) {
		return false, corrupt("checksum of page %d", number)
	}
	w := s.width
	lo, hi := 0, int(min(s.perPage, s.n-number*s.perPage))
	for lo < hi {
		mid := (lo + hi) / 2
		switch bytes.Compare(b[mid*w:mid*w+w], digest) {
		case 0:
			return true, nil
		case -1:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return false, nil
}

// Verify reads every page, and checks the checksums and that all is in order. It
// returns the first damage.
func (s *Set) Verify() error {
	var p Page
	last := make([]byte, 0, s.width)
	for number := range int64(len(s.fences)) {
		if _, err := s.searchPage(&p, number, nil); err != nil {
			return err
		}
		if binary.BigEndian.Uint64(p.bytes()) != s.fences[number] {
			return corrupt("page %d does not begin at its fence", number)
		}
		for i := range min(s.perPage, s.n-number*s.perPage) {
			d := p.bytes()[i*int64(s.width):][:s.width]
			if number+i > 0 && bytes.Compare(last, d) >= 0 {
				return corrupt("page %d is out of order", number)
			}
			last = append(last[:0], d...)
		}
	}
	return nil
}
