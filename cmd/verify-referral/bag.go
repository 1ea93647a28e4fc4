package main

import (
	"bytes"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	maxSmall = 64 << 20 // bytes of a file that is kept in memory
	maxFiles = 1_000_000
)

var (
	partForm    = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z._-]*$`)
	itemForm    = regexp.MustCompile(`^data/items/[0-9A-Za-z][0-9A-Za-z._-]{0,63}$`)
	proofForm   = regexp.MustCompile(`^data/proofs/[0-9A-Za-z][0-9A-Za-z._-]{0,58}\.json$`)
	idForm      = regexp.MustCompile(`^[0-9a-f]{32}$`)
	countryForm = regexp.MustCompile(`^[A-Z]{2}$`)
)

// bag is what was read: a digest for every file, the content of small ones.
type bag struct {
	sums    map[string]string
	sizes   map[string]int64
	content map[string][]byte
	seconds int64 // of the tar's headers, −1 for a folder
}

func newBag() *bag {
	return &bag{sums: map[string]string{}, sizes: map[string]int64{}, content: map[string][]byte{}, seconds: -1}
}

// take reads one file of the package.
func (b *bag) take(name string, size int64, r io.Reader) error {
	if !goodPath(name) {
		return fmt.Errorf("path %q is outside the grammar", name)
	}
	if len(b.sums) >= maxFiles {
		return fmt.Errorf("more than %d files", maxFiles)
	}
	sum := sha512.New()
	var small bytes.Buffer
	var to io.Writer = sum
	if !strings.HasPrefix(name, "data/items/") {
		if size > maxSmall {
			return fmt.Errorf("%s has %d bytes", name, size)
		}
		to = io.MultiWriter(sum, &small)
	}
	n, err := io.Copy(to, r)
	if err != nil || n != size {
		return fmt.Errorf("%s has %d of its %d bytes", name, n, size)
	}
	b.sums[name], b.sizes[name] = hex.EncodeToString(sum.Sum(nil)), size
	if to != io.Writer(sum) {
		b.content[name] = small.Bytes()
	}
	return nil
}

func goodPath(name string) bool {
	if len(name) == 0 || len(name) > 100 {
		return false
	}
	for _, part := range strings.Split(name, "/") {
		if !partForm.MatchString(part) {
			return false
		}
	}
	return true
}

// readTar reads the strict tar of section 2.
func (b *bag) readTar(r io.Reader) error {
	last := ""
	var head [512]byte
	for {
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return fmt.Errorf("the tar breaks off after %q", last)
		}
		if head == [512]byte{} {
			break
		}
		name, size, seconds, err := readHeader(head)
		if err != nil {
			return err
		}
		if name <= last || b.seconds >= 0 && seconds != b.seconds {
			return fmt.Errorf("%s is out of order or has another time", name)
		}
		last, b.seconds = name, seconds
		if err := b.take(name, size, io.LimitReader(r, size)); err != nil {
			return err
		}
		rest := make([]byte, (512-size%512)%512)
		if _, err := io.ReadFull(r, rest); err != nil || len(bytes.Trim(rest, "\x00")) > 0 {
			return fmt.Errorf("%s is not followed by zeros", name)
		}
	}
	end, err := io.ReadAll(io.LimitReader(r, 513))
	if err != nil || len(end) != 512 || len(bytes.Trim(end, "\x00")) > 0 {
		return fmt.Errorf("the tar does not end as it must")
	}
	return nil
}

// readHeader takes path, size and time from their places and wants every other
// byte to be what the table says.
func readHeader(h [512]byte) (name string, size, seconds int64, err error) {
	name = string(bytes.TrimRight(h[:100], "\x00"))
	if _, err := fmt.Sscanf(string(h[124:148]), "%011o\x00%011o\x00", &size, &seconds); err != nil || size < 0 || seconds < 0 {
		return "", 0, 0, fmt.Errorf("a tar header has no size or time")
	}
	var want bytes.Buffer
	fmt.Fprintf(&want, "%s%s0000644\x000000000\x000000000\x00%011o\x00%011o\x00        0", name, strings.Repeat("\x00", 100-len(name)), size, seconds)
	want.Write(make([]byte, 100))
	want.WriteString("ustar\x0000")
	want.Write(make([]byte, 64))
	want.WriteString("0000000\x000000000\x00")
	want.Write(make([]byte, 167))
	sum := 0
	for _, c := range want.Bytes() {
		sum += int(c)
	}
	full := want.Bytes()
	copy(full[148:], fmt.Sprintf("%06o\x00 ", sum))
	if !bytes.Equal(full, h[:]) {
		return "", 0, 0, fmt.Errorf("the tar header of %q is not in the strict form", name)
	}
	return name, size, seconds, nil
}

// readFolder reads a package that was unpacked. An error is one of the disk;
// what is wrong with the package is blamed.
func readFolder(root string, v *verdict) (*bag, error) {
	b := newBag()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		if d.IsDir() {
			list, err := os.ReadDir(path)
			if len(list) == 0 {
				v.blame("", "folder %q is empty", name)
			}
			return err
		}
		if !d.Type().IsRegular() {
			v.blame("", "%q is not a regular file", name)
			return nil
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return err
		}
		if err := b.take(name, info.Size(), f); err != nil {
			v.blame("", "%v", err)
		}
		return nil
	})
	return b, err
}

// judge applies sections 1 and 3 to 7.
func (b *bag) judge(v *verdict) {
	for name := range b.sums {
		v.files = append(v.files, name)
	}
	sort.Strings(v.files)
	b.judgeNames(v)
	tags := []string{"README.txt", "bag-info.txt", "bagit.txt", "manifest-sha512.txt", "signer.pub"}
	var data []string
	for _, name := range v.files {
		if strings.HasPrefix(name, "data/") {
			data = append(data, name)
		}
	}
	b.judgeManifest(v, "tagmanifest-sha512.txt", tags)
	b.judgeManifest(v, "manifest-sha512.txt", data)
	key, err := checkSignature(bytes.NewReader(b.content["tagmanifest-sha512.txt"]), string(b.content["tagmanifest-sha512.txt.sig"]))
	if err != nil {
		v.blame("tagmanifest-sha512.txt.sig", "%v", err)
	} else if string(b.content["signer.pub"]) != keyLine(key)+"\n" {
		v.blame("signer.pub", "is not the key of the signature")
	}
	v.signer = key
	if string(b.content["bagit.txt"]) != "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n" {
		v.blame("bagit.txt", "is not as it must be")
	}
	b.judgeInfo(v, data)
	if c, ok := b.content["data/coverage.json"]; ok {
		if err := checkCoverage(c); err != nil {
			v.blame("data/coverage.json", "%v", err)
		}
	}
	b.judgeProofs(v)
}

func (b *bag) judgeNames(v *verdict) {
	must := strings.Fields(`README.txt bag-info.txt bagit.txt data/case.jsonld data/coverage.html data/coverage.json
		data/identifiers.csv data/report.html data/summary.txt manifest-sha512.txt signer.pub tagmanifest-sha512.txt
		tagmanifest-sha512.txt.sig`)
	for _, name := range must {
		if _, ok := b.sums[name]; !ok {
			v.blame(name, "is missing")
		}
	}
	proofs, trust := 0, 0
	for _, name := range v.files {
		switch {
		case contains(must, name) || itemForm.MatchString(name):
		case name == "data/proofs/trust.json":
			trust = 1
		case proofForm.MatchString(name):
			proofs = 1
		default:
			v.blame(name, "does not belong to this format")
		}
	}
	if proofs != trust {
		v.blame("data/proofs/trust.json", "trust and proofs are there without each other")
	}
}

// judgeManifest writes the manifest that these files must have and compares.
func (b *bag) judgeManifest(v *verdict, manifest string, names []string) {
	listed := map[string]string{}
	for _, line := range strings.Split(string(b.content[manifest]), "\n") {
		if sum, name, ok := strings.Cut(line, "  "); ok {
			listed[name] = sum
		}
	}
	var want strings.Builder
	same := true
	for _, name := range names {
		if sum, ok := b.sums[name]; ok {
			fmt.Fprintf(&want, "%s  %s\n", sum, name)
			if listed[name] != sum {
				v.blame(name, "is not what %s says", manifest)
				same = false
			}
		}
	}
	if same && want.String() != string(b.content[manifest]) {
		v.blame(manifest, "is not the manifest of these files")
	}
}

func (b *bag) judgeInfo(v *verdict, data []string) {
	labels := strings.Fields(`Source-Organization Bagging-Date External-Identifier Payload-Oxum Tutela-Format Tutela-Time
		Tutela-Recipient-Country Tutela-Handling`)
	text := string(b.content["bag-info.txt"])
	lines := strings.Split(text, "\n")
	if len(lines) != len(labels)+1 || lines[len(labels)] != "" {
		v.blame("bag-info.txt", "does not have its lines")
		return
	}
	value := map[string]string{}
	for i, label := range labels {
		val, ok := strings.CutPrefix(lines[i], label+": ")
		if !ok || !goodValue(val) {
			v.blame("bag-info.txt", "line %d is not as it must be", i+1)
			return
		}
		value[label] = val
	}
	var total int64
	for _, name := range data {
		total += b.sizes[name]
	}
	at, err := time.Parse(time.RFC3339, value["Tutela-Time"])
	tlp := map[string]bool{"TLP:RED": true, "TLP:AMBER+STRICT": true, "TLP:AMBER": true, "TLP:GREEN": true, "TLP:CLEAR": true}
	rules := map[string]bool{
		"time":    err == nil && at.UTC().Format("2006-01-02T15:04:05Z") == value["Tutela-Time"],
		"date":    at.Format("2006-01-02") == value["Bagging-Date"],
		"id":      idForm.MatchString(value["External-Identifier"]),
		"country": countryForm.MatchString(value["Tutela-Recipient-Country"]),
		"TLP":     tlp[value["Tutela-Handling"]],
		"format":  value["Tutela-Format"] == "referral/1",
		"Oxum":    value["Payload-Oxum"] == fmt.Sprintf("%d.%d", total, len(data)),
		"tar":     b.seconds < 0 || b.seconds == at.Unix(),
	}
	for _, what := range slices.Sorted(maps.Keys(rules)) {
		if !rules[what] {
			v.blame("bag-info.txt", "%s is not as it must be", what)
		}
	}
}

func goodValue(s string) bool {
	return len(s) >= 1 && len(s) <= 1024 && utf8.ValidString(s) && strings.IndexFunc(s, unicode.IsControl) < 0 && strings.Trim(s, " ") == s
}
