package archive

import (
	"io"
	"io/fs"
	"iter"

	"tutela/fault"
	"tutela/format"
	"tutela/format/when"
)

// Kind is a container format.
type Kind string

// The kinds that Walk reads.
const (
	Zip   Kind = "zip"
	Tar   Kind = "tar"
	Gzip  Kind = "gzip"   // one compressed file
	TarGz Kind = "tar.gz" // a tar inside gzip
)

// Member is one entry of a container.
type Member struct {
	Index     int    // ordinal in the container, from 0
	Path      string // safe relative path, "/" between parts, never empty
	RawName   string // the bytes of the name as stored
	Size      int64  // as declared, -1 where the container does not say
	Modified  when.Time
	Mode      fs.FileMode // type and permissions; 0 where unknown
	Link      string      // target of a symbolic or hard link, as stored
	Encrypted bool
	Offset    int64 // of the member's header; in a tar.gz within the decompressed tar
	open      func() (io.Reader, error)
}

// IsFile reports whether the member has content to open.
func (m *Member) IsFile() bool { return m.open != nil }

// Open returns the content, bounded by the limits of the walk. It is valid until
// the next member is asked for. A read beyond a limit fails with fault.Refused,
// damaged content with fault.Corrupt after the bytes that could be read; both
// leave a finding with the walker.
func (m *Member) Open() (io.Reader, error) {
	if m.open == nil {
		return nil, fault.New(fault.Refused, "archive: open member %d: it has no readable content", m.Index)
	}
	return m.open()
}

// Walker walks through one container.
type Walker struct {
	r        io.ReaderAt
	size     int64
	kind     Kind
	lim      format.Limits
	produced int64          // bytes given out so far
	seen     map[string]int // paths
	findings []format.Finding
	folded   map[string]int // code → index in findings
}

// Walk returns a walker over the container of the given kind in the first size
// bytes of r. lim.Items bounds the members, lim.Bytes all content together,
// lim.Ratio the expansion of a member (after its first MiB).
func Walk(r io.ReaderAt, size int64, kind Kind, lim format.Limits) *Walker {
	return &Walker{r: r, size: size, kind: kind, lim: lim.OrDefault(), seen: map[string]int{}, folded: map[string]int{}}
}

// Members yields the members in the order of the container. It is to be ranged
// over once.
func (w *Walker) Members() iter.Seq[Member] {
	return func(yield func(Member) bool) {
		n := 0
		each := func(m Member) bool {
			if n >= w.lim.Items {
				w.find("archive.count", "more members than the limit", m.Offset)
				return false
			}
			m.Index = n
			n++
			w.name(&m)
			return yield(m)
		}
		switch w.kind {
		case Zip:
			w.zip(each)
		case Tar:
			w.tar(io.NewSectionReader(w.r, 0, w.size), each)
		case Gzip:
			w.gzip(each)
		case TarGz:
			w.tarGz(each)
		default:
			w.find("archive.unsupported", string(w.kind), 0)
		}
	}
}

// Findings returns what the walk and the reads noticed so far.
func (w *Walker) Findings() []format.Finding { return w.findings }

// find records a finding; more than 20 of one code are folded into a count.
func (w *Walker) find(code, detail string, off int64) {
	detail, _ = Safe(detail)
	w.folded[code]++
	if w.folded[code] <= 20 {
		w.findings = append(w.findings, format.Finding{Code: code, Detail: detail, Place: format.Place{Offset: off}})
		return
	}
	for i := len(w.findings) - 1; i >= 0; i-- {
		if w.findings[i].Code == code {
			w.findings[i].Count = max(w.findings[i].Count, 1) + 1
			return
		}
	}
}

// name makes the member's path safe and reports what was wrong with it.
func (w *Walker) name(m *Member) {
	path, faults := Safe(m.Path)
	for _, f := range faults {
		w.find("archive."+f, path, m.Offset)
	}
	m.Path = path
	if m.Mode&fs.ModeSymlink != 0 || (m.Link != "" && m.Mode.IsRegular()) {
		w.find("archive.link", path, m.Offset)
	} else if m.Mode&(fs.ModeDevice|fs.ModeNamedPipe|fs.ModeSocket|fs.ModeIrregular) != 0 {
		w.find("archive.special", path, m.Offset)
	}
	if w.seen[path]++; w.seen[path] == 2 && !m.Mode.IsDir() {
		w.find("archive.duplicate-name", path, m.Offset)
	}
}
