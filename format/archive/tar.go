package archive

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"time"

	"tutela/fault"
	"tutela/format/when"
)

// counting remembers how far a stream was read.
type counting struct {
	r io.Reader
	n int64
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// tar yields the members of a tar stream.
func (w *Walker) tar(r io.Reader, each func(Member) bool) {
	in := &counting{r: r}
	tr := tar.NewReader(in)
	for {
		h, err := tr.Next()
		if err == io.EOF {
			if w.kind == Tar && w.size%512 != 0 {
				w.find("tar.truncated", "the file does not end at a block", w.size)
			}
			return
		}
		if err != nil && !errors.Is(err, tar.ErrInsecurePath) {
			if fault.KindOf(err) == fault.Unknown {
				w.find("tar.damaged", "the rest of the archive cannot be read", in.n)
			}
			return
		}
		m := Member{Path: h.Name, RawName: h.Name, Size: h.Size, Mode: h.FileInfo().Mode(), Offset: max(in.n-512, 0)}
		if !h.ModTime.IsZero() && h.ModTime.Unix() != 0 {
			m.Modified = utc(h.ModTime, "tar header")
		}
		switch h.Typeflag {
		case tar.TypeReg, tar.TypeGNUSparse, '\x00', tar.TypeCont:
			m.open = func() (io.Reader, error) {
				return w.bounded(tr, m.Path, m.Offset, max(w.size/w.lim.Ratio, h.Size/w.lim.Ratio, 1), h.Size), nil
			}
			if h.Typeflag == tar.TypeGNUSparse {
				m.open = func() (io.Reader, error) { return w.bounded(tr, m.Path, m.Offset, w.size, h.Size), nil }
			}
		case tar.TypeSymlink, tar.TypeLink:
			m.Link = h.Linkname
		case tar.TypeDir:
			m.Mode |= fs.ModeDir
		default:
			m.Mode |= fs.ModeIrregular
		}
		if !each(m) {
			return
		}
	}
}

// gzip yields the one file of a gzip stream.
func (w *Walker) gzip(each func(Member) bool) {
	z, ok := w.gunzip()
	if !ok {
		return
	}
	m := Member{Path: z.Name, RawName: z.Name, Size: -1}
	if z.Name == "" {
		m.Path = "content"
	}
	if !z.ModTime.IsZero() {
		m.Modified = utc(z.ModTime, "gzip header")
	}
	m.open = func() (io.Reader, error) { return w.bounded(z, m.Path, 0, w.size, -1), nil }
	each(m)
}

// tarGz yields the members of a tar in gzip. The tar stream as a whole is
// bounded, so that skipping a member costs no more than reading it.
func (w *Walker) tarGz(each func(Member) bool) {
	z, ok := w.gunzip()
	if !ok {
		return
	}
	outer := &Walker{lim: w.lim, folded: w.folded}
	w.tar(outer.bounded(z, "tar", 0, w.size, -1), each)
	w.findings = append(w.findings, outer.findings...)
}

func (w *Walker) gunzip() (*gzip.Reader, bool) {
	z, err := gzip.NewReader(bufio.NewReader(io.NewSectionReader(w.r, 0, w.size)))
	if err != nil {
		w.find("gzip.damaged", "the header cannot be read", 0)
		return nil, false
	}
	return z, true
}

// utc is a time that the container states in UTC.
func utc(t time.Time, basis string) when.Time {
	out := when.FromUTC(t, when.Second)
	if t.Nanosecond() != 0 {
		out.Precision = when.Nano
	}
	out.Basis = basis
	return out
}
