package vpdq

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"tutela/hash/pdq"
)

// Errors of the readers; they say at which line or element.
var (
	ErrSyntax = errors.New("vpdq: not the hashes of frames")
	ErrLong   = fmt.Errorf("vpdq: more than %d frames", MaxFrames)
)

const maxLine = 256 // bytes; a line has some 90

// ReadText reads the files of the reference: a line for each frame,
// "frame,quality,hash,seconds". Anything else in it is an error.
func ReadText(r io.Reader) ([]Frame, error) {
	var out []Frame
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, maxLine), maxLine)
	for n := 1; s.Scan(); n++ {
		parts := strings.Split(strings.TrimSuffix(s.Text(), "\r"), ",")
		if len(parts) != 4 {
			return nil, fmt.Errorf("%w: line %d", ErrSyntax, n)
		}
		f, err := frame(parts[2], parts[1], parts[3])
		if err == nil {
			f.Number, err = whole(parts[0])
		}
		if err != nil {
			return nil, fmt.Errorf("%w: line %d", ErrSyntax, n)
		}
		if len(out) == MaxFrames {
			return nil, ErrLong
		}
		out = append(out, f)
	}
	if errors.Is(s.Err(), bufio.ErrTooLong) {
		return nil, fmt.Errorf("%w: line %d", ErrSyntax, len(out)+1)
	}
	return out, s.Err()
}

// WriteText is the inverse of ReadText; times are rounded to milliseconds.
func WriteText(w io.Writer, fs []Frame) error {
	b := bufio.NewWriter(w)
	for _, f := range fs {
		fmt.Fprintf(b, "%d,%d,%s,%.3f\n", f.Number, f.Quality, f.Hash, f.Seconds)
	}
	return b.Flush()
}

// ReadJSON reads the form in which HMA exchanges the hash of a film: a JSON array
// of texts "hash,quality,seconds" (python-threatexchange, extensions/vpdq). It
// has no numbers of frames.
func ReadJSON(r io.Reader) ([]Frame, error) {
	d := json.NewDecoder(r)
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return nil, fmt.Errorf("%w: no array", ErrSyntax)
	}
	var out []Frame
	for d.More() {
		t, err := d.Token()
		s, ok := t.(string)
		parts := strings.Split(s, ",")
		if err != nil || !ok || len(parts) != 3 {
			return nil, fmt.Errorf("%w: element %d", ErrSyntax, len(out))
		}
		f, err := frame(parts[0], parts[1], parts[2])
		if err != nil {
			return nil, fmt.Errorf("%w: element %d", ErrSyntax, len(out))
		}
		if len(out) == MaxFrames {
			return nil, ErrLong
		}
		f.Number = -1
		out = append(out, f)
	}
	if t, err := d.Token(); err != nil || t != json.Delim(']') {
		return nil, fmt.Errorf("%w: after element %d", ErrSyntax, len(out))
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("%w: after the array", ErrSyntax)
	}
	return out, nil
}

// WriteJSON is the inverse of ReadJSON; times are rounded to milliseconds.
func WriteJSON(w io.Writer, fs []Frame) error {
	b := bufio.NewWriter(w)
	b.WriteByte('[')
	for i, f := range fs {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(b, "\"%s,%d,%.3f\"", f.Hash, f.Quality, f.Seconds)
	}
	b.WriteByte(']')
	return b.Flush()
}

// frame reads what both forms have.
func frame(hash, quality, seconds string) (f Frame, err error) {
	if f.Hash, err = pdq.Parse(hash); err != nil {
		return f, err
	}
	if f.Quality, err = whole(quality); err != nil || f.Quality > 100 {
		return f, ErrSyntax
	}
	seconds = strings.TrimSpace(seconds)
	f.Seconds, err = strconv.ParseFloat(seconds, 64)
	if err != nil || !(f.Seconds >= 0 && f.Seconds < 1e9) || strings.ContainsAny(seconds, "xX_+-") {
		return f, ErrSyntax
	}
	return f, nil
}

// whole reads a number of digits only.
func whole(s string) (int, error) {
	n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 31)
	return int(n), err
}
