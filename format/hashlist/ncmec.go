package hashlist

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"tutela/fault"
	"tutela/format"
)

// ncmecSpace is the namespace of version 2 of the hash sharing interface.
const ncmecSpace = "https://hashsharing.ncmec.org/hashsharing/v2"

// ncmec reads one page of hash sharing, version 2, after NCMEC's published
// description and the client in python-threatexchange.
type ncmec struct {
	*Reader
	dec     *xml.Decoder
	in      *metered
	emit    func(Entry) bool
	depth   int
	stopped bool
}

// metered bounds what one token of XML may hold: package encoding/xml does not.
type metered struct {
	in   io.ByteScanner
	left int
}

var errLong = errors.New("a text or tag is too long")

func (m *metered) ReadByte() (byte, error) {
	if m.left--; m.left < 0 {
		return 0, errLong
	}
	return m.in.ReadByte()
}

// Read serves the interface only: encoding/xml reads bytes one at a time.
func (m *metered) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	b, err := m.ReadByte()
	if err != nil {
		return 0, err
	}
	p[0] = b
	return 1, nil
}

func (r *Reader) readNCMEC(emit func(Entry) bool) error {
	n := &ncmec{Reader: r, emit: emit, in: &metered{in: r.in}}
	n.dec = xml.NewDecoder(n.in)
	n.dec.CharsetReader = func(label string, in io.Reader) (io.Reader, error) {
		if strings.EqualFold(label, "utf-16") { // decoded already
			return in, nil
		}
		return nil, errors.New("the character set is not known")
	}
	r.header.Scheme, r.header.Version = NCMEC, "2"
	if err := n.page(); err != nil || n.stopped {
		return err
	}
	return r.finish()
}

// next returns the next start or end of an element or text in it.
func (n *ncmec) next() (xml.Token, error) {
	for {
		n.in.left = 1 << 17
		t, err := n.dec.Token()
		if err == io.EOF {
			return nil, io.EOF
		}
		if err != nil {
			return nil, fault.New(fault.Corrupt, "hash list: byte %d: %w", n.dec.InputOffset(), err)
		}
		switch t.(type) {
		case xml.Directive:
			return nil, fault.New(fault.Refused, "hash list: byte %d: a document type declaration", n.dec.InputOffset())
		case xml.StartElement:
			if n.depth++; n.depth > maxDepth {
				return nil, fault.New(fault.Refused, "hash list: byte %d: nested deeper than %d", n.dec.InputOffset(), maxDepth)
			}
			return t, nil
		case xml.EndElement:
			n.depth--
			return t, nil
		case xml.CharData:
			return t, nil
		}
	}
}

func (n *ncmec) page() error {
	for {
		t, err := n.next()
		if err != nil {
			return early(err)
		}
		root, ok := t.(xml.StartElement)
		if !ok {
			continue
		}
		if root.Name.Local != "queryResult" {
			return noList()
		}
		if root.Name.Space != ncmecSpace {
			return fault.New(fault.Invalid, "hash list: the namespace %.80q is not that of version 2", root.Name.Space)
		}
		break
	}
	err := n.children(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "images":
			return n.group(e, "image", "deletedImage")
		case "videos":
			return n.group(e, "video", "deletedVideo")
		case "paging":
			return n.children(func(e xml.StartElement) error {
				text, err := n.text()
				if e.Name.Local == "next" {
					n.header.Next = n.clean(text, maxNote, n.place(0))
				}
				return err
			})
		}
		return n.skip()
	})
	if err != nil || n.stopped {
		return err
	}
	for {
		t, err := n.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if space, ok := t.(xml.CharData); !ok || len(bytes.TrimSpace(space)) > 0 {
			return fault.New(fault.Corrupt, "hash list: byte %d: something follows after the end of the page", n.dec.InputOffset())
		}
	}
}

func early(err error) error {
	if err == io.EOF {
		return fault.New(fault.Corrupt, "hash list: the page ends early")
	}
	return err
}

// children calls fn for each child of the element that is open; fn has to read
// to the child's end.
func (n *ncmec) children(fn func(xml.StartElement) error) error {
	for !n.stopped {
		t, err := n.next()
		if err != nil {
			return early(err)
		}
		switch t := t.(type) {
		case xml.EndElement:
			return nil
		case xml.StartElement:
			if err := fn(t); err != nil {
				return err
			}
		}
	}
	return nil
}

func (n *ncmec) skip() error {
	return n.children(func(xml.StartElement) error { return n.skip() })
}

// text returns the text of the element that is open.
func (n *ncmec) text() (string, error) {
	var b strings.Builder
	for {
		t, err := n.next()
		if err != nil {
			return "", early(err)
		}
		switch t := t.(type) {
		case xml.EndElement:
			return strings.TrimSpace(b.String()), nil
		case xml.StartElement:
			if err := n.skip(); err != nil {
				return "", err
			}
		case xml.CharData:
			if b.Len() < 1<<16 {
				b.Write(t)
			}
		}
	}
}

func (n *ncmec) place(from int64) format.Place {
	line, _ := n.dec.InputPos()
	return format.Place{Offset: from, Length: n.dec.InputOffset() - from, Line: line}
}

func (n *ncmec) group(e xml.StartElement, kind, deleted string) error {
	seen := 0
	err := n.children(func(e xml.StartElement) error {
		switch e.Name.Local {
		case kind, deleted:
			seen++
			return n.entry(kind, e.Name.Local == deleted)
		}
		n.note(Unknown, n.place(n.dec.InputOffset()), "%.40q", e.Name.Local)
		return n.skip()
	})
	if err != nil {
		return err
	}
	for _, a := range e.Attr {
		if stated, bad := strconv.Atoi(a.Value); a.Name.Local == "count" && bad == nil && stated != seen && !n.stopped {
			n.note(WrongCount, format.Place{}, "%ss: stated %d, found %d", kind, stated, seen)
		}
	}
	return nil
}

// entry reads an image or a video, or the message that one was deleted. Its id is
// kept with its kind in front: images and videos are numbered apart.
func (n *ncmec) entry(kind string, deleted bool) error {
	from := n.dec.InputOffset()
	line, _ := n.dec.InputPos()
	e := Entry{Removed: deleted, Details: Details{Media: kind}, Place: format.Place{Offset: from, Line: line}}
	err := n.children(func(s xml.StartElement) error {
		switch s.Name.Local {
		case "fingerprints":
			return n.fingerprints(&e)
		case "feedback":
			return n.feedback(&e)
		}
		text, err := n.text()
		place := n.place(from)
		switch s.Name.Local {
		case "id":
			e.SourceID = n.short(kind+"/"+text, place)
		case "classification":
			e.Category = n.short(text, place)
		case "timestamp":
			n.set(&e, "updated", text, place)
		case "member":
			for _, a := range s.Attr {
				if a.Name.Local == "id" {
					n.set(&e, "member", a.Value, place)
				}
			}
		}
		return err
	})
	if err != nil || n.stopped {
		return err
	}
	e.Place.Length = n.dec.InputOffset() - from
	if deleted {
		e.Values = nil
		if e.SourceID == "" {
			n.header.Refused++
			n.note(BadEntry, e.Place, "a deletion without an id")
			return nil
		}
	}
	e.Replaces = !deleted && e.SourceID != ""
	goOn, err := n.deliver(e, n.emit)
	n.stopped = !goOn
	return err
}

func (n *ncmec) fingerprints(e *Entry) error {
	return n.children(func(s xml.StartElement) error {
		from := n.dec.InputOffset()
		line, _ := n.dec.InputPos()
		text, err := n.text()
		if err != nil {
			return err
		}
		name := s.Name.Local
		if name == "pdna" {
			name = string(PhotoDNA)
		}
		place := format.Place{Offset: from, Length: int64(len(text)), Line: line}
		switch a := algorithmOf(name); {
		case a != "":
			n.value(e, a, text, place)
		case slices.ContainsFunc(s.Attr, func(a xml.Attr) bool { return a.Name.Local == "href" }):
			n.note(Elsewhere, place, "%.40q", name)
		default:
			n.note(Unknown, place, "%.40q", name)
		}
		return nil
	})
}

func (n *ncmec) feedback(e *Entry) error {
	return n.children(func(s xml.StartElement) error {
		word := map[string]string{"affirmativeFeedback": "affirmative", "negativeFeedback": "negative"}[s.Name.Local]
		if old := e.Details.Feedback; word != "" && old != "" && old != word {
			word = "both"
		}
		if word != "" {
			e.Details.Feedback = word
		}
		return n.skip()
	})
}
