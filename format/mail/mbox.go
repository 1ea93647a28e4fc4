package mail

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"

	"tutela/format"
)

// Variant is the way in which a mailbox quotes lines that begin with "From ".
type Variant string

// The variants of RFC 4155 and its relatives. In mboxo, ">From " may be quoted
// or genuine: only the raw bytes are certain.
const (
	MboxO  Variant = "mboxo"
	MboxRD Variant = "mboxrd"
	MboxCL Variant = "mboxcl" // lengths in Content-Length fields
)

// Entry is one message of a mailbox.
type Entry struct {
	Offset int64 // of the message, behind its "From " line
	Length int64
	From   string // the separator line
}

// separator matches a "From " line: an address, and a date with a time and a year.
var separator = regexp.MustCompile(`^From \S.*\d{1,2}:\d\d(?::\d\d)?.*\d{4}\s*(?:[+-]\d{4}|[A-Z]{2,4})?\s*$`)

// Mbox splits a mailbox. A separator is a "From " line with a date behind a blank
// line or at the start; a Content-Length that leads exactly to the next separator
// or to the end is followed over it. lim.Items bounds the messages.
func Mbox(in []byte, lim format.Limits) ([]Entry, Variant, []format.Finding) {
	lim = lim.OrDefault()
	var out []Entry
	var fs []format.Finding
	variant := MboxO
	blank, open := true, -1
	closeAt := func(at int) {
		if open >= 0 {
			out[open].Length = max(int64(at)-out[open].Offset, 0)
		}
	}
	for at := 0; at < len(in); {
		next := len(in)
		if k := bytes.IndexByte(in[at:], '\n'); k >= 0 {
			next = at + k + 1
		}
		line := in[at:min(next, at+1000)]
		switch {
		case blank && bytes.HasPrefix(line, []byte("From ")) && separator.Match(chomp(line)):
			if len(out) >= lim.Items {
				fs = append(fs, format.Finding{Code: "mbox.count", Detail: "more messages than the limit", Place: format.Place{Offset: int64(at)}})
				closeAt(at)
				return out, variant, fs
			}
			closeAt(at)
			out = append(out, Entry{Offset: int64(next), From: string(chomp(line))})
			open = len(out) - 1
			if end, ok := counted(in, next); ok {
				variant, next = MboxCL, end
			}
		case bytes.HasPrefix(line, []byte(">>From ")) && variant == MboxO:
			variant = MboxRD
		case open < 0 && len(chomp(line)) > 0:
			fs = append(fs, format.Finding{Code: "mbox.preamble", Detail: fmt.Sprintf("%d bytes before the first message", len(in)), Place: format.Place{Offset: int64(at)}})
			open = len(out)
			out = append(out, Entry{Offset: int64(at)})
		}
		blank = len(chomp(in[max(at, next-3):next])) == 0
		at = next
	}
	closeAt(len(in))
	return out, variant, fs
}

// counted returns the end of a message that states its length, if a separator or
// the end of the mailbox is really there.
func counted(in []byte, at int) (end int, ok bool) {
	length := -1
	for i := at; i < len(in) && i < at+maxValue; {
		k := bytes.IndexByte(in[i:], '\n')
		if k < 0 {
			return 0, false
		}
		line := chomp(in[i : i+k+1])
		i += k + 1
		if len(line) == 0 {
			if length < 0 || length > len(in)-i {
				return 0, false
			}
			end = i + length
			rest := bytes.TrimLeft(in[end:min(end+4, len(in))], "\r\n")
			return end, end == len(in) || len(rest) == 0 || bytes.HasPrefix(in[end:min(end+20, len(in))], []byte("\nFrom ")) || bytes.HasPrefix(in[end:min(end+20, len(in))], []byte("From "))
		}
		if name, value, found := bytes.Cut(line, []byte(":")); found && equalFold(string(name), "Content-Length") {
			if n, err := strconv.Atoi(string(bytes.TrimSpace(value))); err == nil && n >= 0 {
				length = n
			}
		}
	}
	return 0, false
}

// Unquote removes the quoting of the variant from the bytes of one entry; only
// mboxrd can be undone with certainty, the others come back unchanged.
func Unquote(entry []byte, v Variant) []byte {
	if v != MboxRD {
		return entry
	}
	out := make([]byte, 0, len(entry))
	for line := range bytes.Lines(entry) {
		if line[0] == '>' && bytes.HasPrefix(bytes.TrimLeft(line, ">"), []byte("From ")) {
			line = line[1:]
		}
		out = append(out, line...)
	}
	return out
}
