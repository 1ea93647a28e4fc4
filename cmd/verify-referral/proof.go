package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"
)

// strict reads JSON into v and wants that writing it gives the same bytes.
func strict(b []byte, v any, end string) error {
	if !utf8.Valid(b) {
		return errors.New("is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return errors.New("is not of the form")
	}
	if missing(reflect.ValueOf(v)) {
		return errors.New("lacks an array or a value")
	}
	var again bytes.Buffer
	e := json.NewEncoder(&again)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil || strings.TrimSuffix(again.String(), "\n")+end != string(b) {
		return errors.New("is not in canonical form")
	}
	return nil
}

// missing reports whether a slice or map anywhere in v is null.
func missing(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer:
		return missing(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if missing(v.Field(i)) {
				return true
			}
		}
	case reflect.Slice:
		if v.IsNil() {
			return true
		}
		for i := range v.Len() {
			if missing(v.Index(i)) {
				return true
			}
		}
	case reflect.Map:
		return v.IsNil()
	}
	return false
}

// checkCoverage applies section 6.
func checkCoverage(b []byte) error {
	var c struct {
		Format   string `json:"format"`
		Exhibits []struct {
			Label    string `json:"label"`
			Read     int64  `json:"read"`
			Unread   int64  `json:"unread"`
			Failed   int64  `json:"failed"`
			Excluded int64  `json:"excluded"`
			Note     string `json:"note"`
		} `json:"exhibits"`
		Stages []struct {
			Name    string `json:"name"`
			Version string `json:"version"`
		} `json:"stages"`
		Lists []struct {
			Source     string   `json:"source"`
			Version    string   `json:"version"`
			Algorithms []string `json:"algorithms"`
		} `json:"lists"`
		Excluded   []string `json:"excluded"`
		KnownError []string `json:"known_error"`
		Proved     []string `json:"proved"`
	}
	if err := strict(b, &c, "\n"); err != nil {
		return err
	}
	if c.Format != "tutela coverage v1" || len(c.Exhibits) == 0 || len(c.Stages) == 0 {
		return errors.New("does not say what was read by what")
	}
	for _, x := range c.Exhibits {
		for _, n := range []int64{x.Read, x.Unread, x.Failed, x.Excluded} {
			if n < 0 || n > 1<<53-1 {
				return errors.New("has an impossible count")
			}
		}
	}
	return nil
}

// trust is data/proofs/trust.json.
type trust struct {
	Format string   `json:"format"`
	Origin string   `json:"origin"`
	LogKey []byte   `json:"log_key"`
	Actors [][]byte `json:"actors"`
}

// judgeProofs applies section 7.
func (b *bag) judgeProofs(v *verdict) {
	text, ok := b.content["data/proofs/trust.json"]
	if !ok {
		return
	}
	var t trust
	err := strict(text, &t, "\n")
	good := err == nil && t.Format == "tutela proof trust v1" && t.Origin != "" && len(t.LogKey) == 32
	for _, a := range t.Actors {
		good = good && len(a) == 32
	}
	if !good {
		v.blame("data/proofs/trust.json", "is not of the form")
		return
	}
	for name, content := range b.content {
		if strings.HasPrefix(name, "data/proofs/") && name != "data/proofs/trust.json" {
			if err := checkProof(content, t); err != nil {
				v.blame(name, "%v", err)
			}
		}
	}
}

type opening struct {
	Format     string   `json:"format"`
	Item       []byte   `json:"item"`
	ItemSalt   []byte   `json:"item_salt"`
	Place      int64    `json:"place"`
	ItemPath   [][]byte `json:"item_path"`
	Header     string   `json:"header"`
	Signature  []byte   `json:"signature"`
	ActorKey   []byte   `json:"actor_key"`
	EntrySalt  []byte   `json:"entry_salt"`
	Index      int64    `json:"index"`
	LogPath    [][]byte `json:"log_path"`
	Checkpoint string   `json:"checkpoint"`
}

type header struct {
	Act       string            `json:"act"`
	Actor     string            `json:"actor"`
	Authority string            `json:"authority"`
	Case      string            `json:"case"`
	Class     string            `json:"class"`
	Depth     int               `json:"depth"`
	Detail    map[string]string `json:"detail"`
	Epoch     int64             `json:"epoch"`
	Format    int               `json:"format"`
	Object    string            `json:"object"`
	Ordered   string            `json:"ordered"`
	Role      string            `json:"role"`
	Root      string            `json:"root"`
	Site      string            `json:"site"`
	Time      int64             `json:"time"`
	Verb      string            `json:"verb"`
	Why       string            `json:"why"`
}

// checkProof applies section 7 of docs/formats/audit.md, step by step.
func checkProof(b []byte, t trust) error {
	var p opening
	if err := strict(b, &p, ""); err != nil {
		return err
	}
	if p.Format != "tutela proof v1" || len(p.EntrySalt) != 32 {
		return errors.New("is not a proof of version 1")
	}
	size, root, err := openNote(p.Checkpoint, t) // 1
	if err != nil {
		return err
	}
	var h header
	if err := strict([]byte(p.Header), &h, ""); err != nil || h.Format != 1 {
		return errors.New("has a header that is not of the form")
	}
	print := sha256.Sum256([]byte(wire(p.ActorKey)))
	allowed := false
	for _, a := range t.Actors {
		allowed = allowed || bytes.Equal(a, p.ActorKey)
	}
	site, _, _ := strings.Cut(strings.TrimPrefix(t.Origin, "tutela/"), "/")
	switch { // 4
	case !allowed || len(p.ActorKey) != ed25519.PublicKeySize:
		return errors.New("is an act of somebody who is not allowed")
	case h.Actor != "SHA256:"+base64.RawStdEncoding.EncodeToString(print[:]) || h.Site != site:
		return errors.New("names another actor or site")
	case len(p.Signature) != 64 || !ed25519.Verify(p.ActorKey, []byte("tutela act v1\n"+p.Header), p.Signature):
		return errors.New("has a wrong signature of the act")
	}
	entry := append([]byte("tutela entry v1\n"), p.EntrySalt...) // 3
	entry = binary.BigEndian.AppendUint32(entry, uint32(len(p.Header)))
	entry = append(append(entry, p.Header...), p.Signature...)
	commitment := sha256.Sum256(entry)
	got, err := climb(leaf(commitment[:]), p.Index, size, p.LogPath) // 2
	if err != nil || !bytes.Equal(got, root) {
		return errors.New("is not in the log of its checkpoint")
	}
	if p.Place == -1 && len(p.Item)+len(p.ItemSalt)+len(p.ItemPath) == 0 {
		return nil
	}
	return checkItem(p, h) // 5
}

func checkItem(p opening, h header) error {
	if len(p.ItemSalt) != 32 || len(p.ItemPath) != h.Depth || h.Depth > 20 || p.Place < 0 || p.Place >= 1<<h.Depth {
		return errors.New("has an item path of the wrong length")
	}
	got, err := climb(leaf(append(bytes.Clone(p.ItemSalt), p.Item...)), p.Place, 1<<h.Depth, p.ItemPath)
	if err != nil || hex.EncodeToString(got) != h.Root {
		return errors.New("shows an item that is not part of the act")
	}
	return nil
}

func leaf(b []byte) []byte {
	sum := sha256.Sum256(append([]byte{0}, b...))
	return sum[:]
}

// climb computes the root of a tree of size leaves from one leaf and its path
// (RFC 9162 §2.1.3.2).
func climb(node []byte, index, size int64, path [][]byte) ([]byte, error) {
	if index < 0 || index >= size {
		return nil, errors.New("index outside the tree")
	}
	fn, sn := index, size-1
	for _, p := range path {
		if sn == 0 || len(p) != sha256.Size {
			return nil, errors.New("path is too long")
		}
		if fn&1 == 1 || fn == sn {
			node = inner(p, node)
			for fn&1 == 0 && fn != 0 {
				fn, sn = fn>>1, sn>>1
			}
		} else {
			node = inner(node, p)
		}
		fn, sn = fn>>1, sn>>1
	}
	if sn != 0 {
		return nil, errors.New("path is too short")
	}
	return node, nil
}

func inner(left, right []byte) []byte {
	sum := sha256.Sum256(append(append([]byte{1}, left...), right...))
	return sum[:]
}

// openNote reads a checkpoint that the log key has signed under the origin.
func openNote(note string, t trust) (size int64, root []byte, err error) {
	bad := errors.New("has a checkpoint that the log's key has not signed")
	text, signatures, ok := strings.Cut(note, "\n\n")
	if !ok || signatures == "" || !strings.HasSuffix(signatures, "\n") {
		return 0, nil, bad
	}
	text += "\n"
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[0] != t.Origin {
		return 0, nil, bad
	}
	size, err1 := strconv.ParseInt(lines[1], 10, 64)
	root, err2 := base64.StdEncoding.DecodeString(lines[2])
	if err1 != nil || err2 != nil || size < 0 || len(root) != 32 ||
		text != fmt.Sprintf("%s\n%d\n%s\n", t.Origin, size, base64.StdEncoding.EncodeToString(root)) {
		return 0, nil, bad
	}
	id := sha256.Sum256(append([]byte(t.Origin+"\n\x01"), t.LogKey...))
	signed := false
	for _, line := range strings.Split(strings.TrimSuffix(signatures, "\n"), "\n") {
		words := strings.Split(line, " ")
		if len(words) != 3 || words[0] != "—" || words[1] == "" {
			return 0, nil, bad
		}
		raw, err := base64.StdEncoding.DecodeString(words[2])
		if err != nil || len(raw) < 5 || base64.StdEncoding.EncodeToString(raw) != words[2] {
			return 0, nil, bad
		}
		if words[1] != t.Origin || !bytes.Equal(raw[:4], id[:4]) {
			continue
		}
		if !ed25519.Verify(t.LogKey, []byte(text), raw[4:]) {
			return 0, nil, bad
		}
		signed = true
	}
	if !signed {
		return 0, nil, bad
	}
	return size, root, nil
}
