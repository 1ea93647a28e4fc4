package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// printer writes a verb's result: a table for people, JSON lines for programs.
// Whatever a stranger wrote moves no terminal: text for people is printable.
type printer struct {
	out  io.Writer
	json bool
}

// line writes one sentence; nothing in JSON mode, where values speak.
func (p *printer) line(s string) {
	if !p.json {
		fmt.Fprintln(p.out, printableLines(s))
	}
}

// value writes v as one JSON line in JSON mode, and human otherwise.
func (p *printer) value(v any, human string) error {
	if !p.json {
		_, err := fmt.Fprintln(p.out, printableLines(human))
		return err
	}
	enc := json.NewEncoder(p.out)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// column is one column of a table: its heading and how a row fills it.
type column[T any] struct {
	head string
	cell func(T) string
}

// table writes rows under headings, or each row as one JSON line.
func table[T any](p *printer, rows []T, cols ...column[T]) error {
	if p.json {
		for _, r := range rows {
			if err := p.value(r, ""); err != nil {
				return err
			}
		}
		return nil
	}
	cells := make([][]string, 0, len(rows)+1)
	head := make([]string, len(cols))
	for i, c := range cols {
		head[i] = c.head
	}
	cells = append(cells, head)
	for _, r := range rows {
		line := make([]string, len(cols))
		for i, c := range cols {
			line[i] = printable(c.cell(r))
		}
		cells = append(cells, line)
	}
	return writeCells(p.out, cells)
}

func writeCells(w io.Writer, cells [][]string) error {
	width := make([]int, len(cells[0]))
	for _, line := range cells {
		for i, c := range line {
			width[i] = max(width[i], utf8.RuneCountInString(c))
		}
	}
	for _, line := range cells {
		var b strings.Builder
		for i, c := range line {
			b.WriteString(c)
			if i < len(line)-1 {
				b.WriteString(strings.Repeat(" ", width[i]-utf8.RuneCountInString(c)+2))
			}
		}
		if _, err := fmt.Fprintln(w, strings.TrimRight(b.String(), " ")); err != nil {
			return err
		}
	}
	return nil
}

// printable replaces what could move a terminal's cursor or change the order
// of the text: control characters and Unicode's direction marks.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r < 0x20 || r == 0x7f || (r >= 0x80 && r < 0xa0):
			return '␣'
		case r == 0x200e || r == 0x200f || (r >= 0x202a && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069):
			return -1
		}
		return r
	}, s)
}

// printableLines is printable for a text of several lines.
func printableLines(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i, l := range lines {
		lines[i] = printable(l)
	}
	return strings.Join(lines, "\n")
}

// decimal writes a count for a table.
func decimal(n int) string { return strconv.Itoa(n) }

// blank reports whether a text says nothing.
func blank(s string) bool { return strings.TrimSpace(s) == "" }
