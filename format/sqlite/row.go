package sqlite

import (
	"encoding/binary"
	"iter"
	"math"
	"unicode/utf16"

	"tutela/fault"
)

// Row is one live row. A value is nil, int64, float64, string or []byte. A column
// that is the row id itself (INTEGER PRIMARY KEY) has the value nil, and a REAL
// without a fraction may be an int64: so they are stored.
type Row struct {
	ID     int64
	Values []any
	Offset int64 // of the row's cell in the file
}

// Rows yields the live rows of a table in the order of their ids. An error is the
// last thing it yields.
func (f *File) Rows(t Table) iter.Seq2[Row, error] { return f.scan(t.Root) }

// walk is one way through a tree. A sound file has each page in it once; more
// steps than pages are a circle.
type walk struct {
	file  *File
	steps int64
	rows  int64
	last  int64 // row id
	yield func(Row, error) bool
	ended bool
}

func (f *File) scan(root uint32) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		w := &walk{file: f, yield: yield}
		if err := w.tree(root, 0); err != nil && !w.ended {
			yield(Row{}, err)
		}
	}
}

func (w *walk) step(n uint32) ([]byte, error) {
	if w.steps++; w.steps > w.file.size/w.file.pageSize {
		return nil, fault.New(fault.Corrupt, "sqlite: page %d: the pages go in a circle", n)
	}
	return w.file.page(n)
}

// tree goes through the page n and those below it.
func (w *walk) tree(n uint32, depth int) error {
	const most = 20 // the format's own trees are lower
	if depth > most {
		return fault.New(fault.Corrupt, "sqlite: page %d: the tree is higher than %d", n, most)
	}
	p, err := w.step(n)
	if err != nil {
		return err
	}
	p = append([]byte(nil), p...) // the block may be read over while its cells are in use
	h := p
	if n == 1 {
		h = p[100:]
	}
	cells, head := int(binary.BigEndian.Uint16(h[3:])), 8
	switch h[0] {
	case 5:
		head = 12
	case 13:
	default:
		return fault.New(fault.Corrupt, "sqlite: page %d is no part of a table", n)
	}
	if head+2*cells > len(h) {
		return fault.New(fault.Corrupt, "sqlite: page %d: %d cells", n, cells)
	}
	for i := range cells {
		at := int(binary.BigEndian.Uint16(h[head+2*i:]))
		if at > len(p)-4 { // the smallest cell has four bytes
			return fault.New(fault.Corrupt, "sqlite: page %d: cell %d is outside of it", n, i)
		}
		if h[0] == 5 {
			err = w.tree(binary.BigEndian.Uint32(p[at:]), depth+1)
		} else {
			err = w.leaf(n, p, at)
		}
		if err != nil || w.ended {
			return err
		}
	}
	if h[0] == 5 {
		return w.tree(binary.BigEndian.Uint32(h[8:]), depth+1)
	}
	return nil
}

func (w *walk) leaf(n uint32, p []byte, at int) error {
	size, a := varint(p[at:])
	id, b := varint(p[at+a:])
	if a == 0 || b == 0 || size < 0 || size > w.file.limits.Text {
		return fault.New(fault.Corrupt, "sqlite: page %d: the cell at %d has no size that can be", n, at)
	}
	if w.rows++; w.rows > 1 && id <= w.last { // a page that is reached twice, or was put elsewhere
		return fault.New(fault.Corrupt, "sqlite: page %d: the row at %d is out of order", n, at)
	}
	w.last = id
	body, err := w.payload(n, p, at+a+b, size)
	if err != nil {
		return err
	}
	values, ok := w.file.record(body)
	if !ok {
		return fault.New(fault.Corrupt, "sqlite: page %d: the row at %d cannot be read", n, at)
	}
	w.ended = !w.yield(Row{id, values, (int64(n)-1)*w.file.pageSize + int64(at)}, nil)
	return nil
}

// payload gathers the bytes of a row: those in the page, and those in the pages
// that it overflows to.
func (w *walk) payload(n uint32, p []byte, at int, size int64) ([]byte, error) {
	u := w.file.usable
	local := size
	if size > u-35 {
		least := (u-12)*32/255 - 23
		if local = least + (size-least)%(u-4); local > u-35 {
			local = least
		}
	}
	if int64(at)+local > u {
		return nil, fault.New(fault.Corrupt, "sqlite: page %d: the row at %d leaves the page", n, at)
	}
	if local == size {
		return p[at : at+int(size)], nil
	}
	if int64(at)+local+4 > u {
		return nil, fault.New(fault.Corrupt, "sqlite: page %d: the row at %d leaves the page", n, at)
	}
	out := append(make([]byte, 0, size), p[at:at+int(local)]...)
	next := binary.BigEndian.Uint32(p[at+int(local):])
	for int64(len(out)) < size {
		over, err := w.step(next)
		if err != nil {
			return nil, err
		}
		next = binary.BigEndian.Uint32(over)
		out = append(out, over[4:4+min(u-4, size-int64(len(out)))]...)
	}
	if next != 0 { // so that no circle passes for a row
		return nil, fault.New(fault.Corrupt, "sqlite: page %d: the row at %d goes on after its end", n, at)
	}
	return out, nil
}

// record reads the values of a row.
func (f *File) record(b []byte) ([]any, bool) {
	head, n := varint(b)
	if n == 0 || head < int64(n) || head > int64(len(b)) {
		return nil, false
	}
	kinds, body := b[n:head], b[head:]
	var out []any
	for len(kinds) > 0 {
		kind, n := varint(kinds)
		size := sizeOf(kind)
		if n == 0 || kind < 0 || size < 0 || size > int64(len(body)) {
			return nil, false
		}
		out = append(out, f.value(kind, body[:size]))
		kinds, body = kinds[n:], body[size:]
	}
	return out, true
}

// sizeOf returns the length of a value by its serial type, -1 for types that are
// not in use.
func sizeOf(kind int64) int64 {
	switch {
	case kind >= 12:
		return (kind - 12) / 2
	case kind == 10 || kind == 11:
		return -1
	case kind <= 4:
		return kind
	}
	return []int64{6, 8, 8, 0, 0}[kind-5]
}

func (f *File) value(kind int64, b []byte) any {
	switch {
	case kind == 0:
		return nil
	case kind <= 6:
		v := int64(int8(b[0]))
		for _, x := range b[1:] {
			v = v<<8 | int64(x)
		}
		return v
	case kind == 7:
		return math.Float64frombits(binary.BigEndian.Uint64(b))
	case kind <= 9:
		return kind - 8
	case kind%2 == 0:
		return append([]byte{}, b...)
	}
	return f.text(b)
}

func (f *File) text(b []byte) string {
	if f.encoding < 2 {
		return string(b)
	}
	var order binary.ByteOrder = binary.LittleEndian
	if f.encoding == 3 {
		order = binary.BigEndian
	}
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = order.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}

// varint reads an integer of 1 to 9 bytes; n is 0 when b is too short.
func varint(b []byte) (v int64, n int) {
	for i := range min(len(b), 9) {
		if i == 8 {
			return v<<8 | int64(b[i]), 9
		}
		if v = v<<7 | int64(b[i]&0x7f); b[i] < 0x80 {
			return v, i + 1
		}
	}
	return 0, 0
}
