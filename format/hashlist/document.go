package hashlist

import (
	"tutela/fault"
	"tutela/format"
)

// maxDepth is the most brackets or elements that may be open in a document;
// lawful ones need 8.
const maxDepth = 64

// document is a JSON document that is being read.
type document struct {
	*Reader
	scan    scanner
	emit    func(Entry) bool
	stopped bool
}

func (r *Reader) document(emit func(Entry) bool) document {
	return document{Reader: r, emit: emit, scan: scanner{in: r.in, depth: maxDepth, limit: int(min(r.opt.Limits.Text, 1<<16))}}
}

// list calls fn for each object of an array; null is an empty one.
func (v *document) list(fn func(at int64) error) error {
	t, err := v.scan.next()
	if err != nil || t.kind == '0' {
		return err
	}
	if t.kind == '{' && len(v.scan.stack) > 2 { // some writers leave the brackets out around one entry
		return fn(t.at)
	}
	if t.kind != '[' {
		return fault.New(fault.Corrupt, "hash list: byte %d: a list was expected", t.at)
	}
	for !v.stopped {
		if t, err = v.scan.next(); err != nil || t.kind == ']' {
			return err
		}
		if t.kind != '{' {
			v.note(BadEntry, format.Place{Offset: t.at}, "not an object")
			v.header.Refused++
			err = v.skipFrom(t)
		} else {
			err = fn(t.at)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// skip reads over one value, skipFrom over one that has begun.
func (v *document) skip() error {
	t, err := v.scan.next()
	if err != nil {
		return err
	}
	return v.skipFrom(t)
}

func (v *document) skipFrom(t token) error {
	if t.kind != '{' && t.kind != '[' {
		if t.cut {
			v.note(Cut, format.Place{Offset: t.at}, "text")
		}
		return nil
	}
	for open := len(v.scan.stack) - 1; len(v.scan.stack) > open; {
		t, err := v.scan.next()
		if err != nil {
			return err
		}
		if t.cut {
			v.note(Cut, format.Place{Offset: t.at}, "text")
		}
	}
	return nil
}
