package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"tutela/casework/referrals"
	"tutela/fault"
	"tutela/format/bagit"
)

// cutMark says which cut a folder holds.
type cutMark struct {
	Referral string `json:"referral"`
	Country  string `json:"country"`
	Digest   string `json:"digest"` // of the files in the preview
}

// writeCut writes what an officer reads before anything is approved: the
// preview, which is no package (no manifest, no signature), and beside it what
// was left out. The folder is for its owner's eyes only.
func writeCut(a *app, dir string, p *referrals.Preview) error {
	files, err := p.Cut.Payload()
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := copyFile(filepath.Join(dir, cutPreview, strings.TrimPrefix(f.Name, "data/")), f); err != nil {
			return err
		}
	}
	mark, _ := json.MarshalIndent(cutMark{string(p.ID), p.Country, p.Digest}, "", "  ") // strings cannot fail
	left, err := json.MarshalIndent(p.Cut.LeftOut, "", "  ")
	if err != nil {
		return fault.New(fault.Invalid, "refer: %w", err)
	}
	for name, data := range map[string][]byte{cutFile: append(mark, '\n'), cutLeftJSON: append(left, '\n'), cutPoint: []byte(p.Checkpoint),
		cutLeftOut: []byte(leftOutText(a, p))} {
		if err := copyFile(filepath.Join(dir, name), bagit.Bytes(name, data)); err != nil {
			return err
		}
	}
	return nil
}

// copyFile writes a new file for its owner only.
func copyFile(path string, f bagit.File) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fault.New(fault.Outside, "refer: %w", err)
	}
	src, err := f.Open()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return errors.Join(fault.New(fault.Outside, "refer: %w", err), src.Close())
	}
	_, err = io.Copy(out, src)
	if err := errors.Join(err, src.Close(), out.Sync(), out.Close()); err != nil {
		return fault.New(fault.Outside, "refer: write %s: %w", filepath.Base(path), err)
	}
	return nil
}

// named reads the name of a referral: its id, or the folder of its cut, whose
// preview is digested so that what was read is what is approved.
func named(name string) (referrals.ID, string, string, error) {
	b, err := os.ReadFile(filepath.Join(name, cutFile))
	if errors.Is(err, os.ErrNotExist) || err != nil && !strings.ContainsRune(name, filepath.Separator) {
		return referrals.ID(name), "", "", nil
	}
	if err != nil {
		return "", "", "", fault.New(fault.Outside, "refer: %w", err)
	}
	var mark cutMark
	if err := json.Unmarshal(b, &mark); err != nil {
		return "", "", "", fault.New(fault.Corrupt, "refer: %s: %w", cutFile, err)
	}
	files, err := previewFiles(filepath.Join(name, cutPreview))
	if err != nil {
		return "", "", "", err
	}
	digest, err := referrals.DigestOf(files)
	return referrals.ID(mark.Referral), name, digest, err
}

// previewFiles lists the files of a preview under the names that they have in
// the package.
func previewFiles(dir string) ([]bagit.File, error) {
	var files []bagit.File
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if !d.Type().IsRegular() {
			return fault.New(fault.Corrupt, "refer: the preview holds what was not cut")
		}
		files = append(files, bagit.File{Name: "data/" + path, Open: func() (io.ReadCloser, error) { return os.Open(filepath.Join(dir, path)) }})
		return nil
	})
	if err != nil {
		return nil, fault.New(fault.Corrupt, "refer: the preview: %w", err)
	}
	return files, nil
}

// leftOutTotal counts what was left out.
func leftOutTotal(all []referrals.LeftOut) int {
	n := 0
	for _, l := range all {
		n += l.Count
	}
	return n
}

// leftOutCounts says how much was left out for each reason.
func leftOutCounts(a *app, all []referrals.LeftOut) []string {
	type key struct {
		kind   string
		reason referrals.Reason
	}
	counts := map[key]int{}
	var order []key
	for _, l := range all {
		k := key{l.Kind, l.Reason}
		if counts[k] == 0 {
			order = append(order, k)
		}
		counts[k] += l.Count
	}
	lines := make([]string, len(order))
	for i, k := range order {
		lines[i] = fmt.Sprintf("%s: %d × %s", a.text.Text("refer.kind."+k.kind), counts[k], a.text.Text("refer.reason."+string(k.reason)))
	}
	return lines
}

// leftOutText lists what was left out and why.
func leftOutText(a *app, p *referrals.Preview) string {
	var b strings.Builder
	b.WriteString(a.text.Text("refer.left_out_head", string(p.ID), p.Country) + "\n\n")
	for _, s := range leftOutCounts(a, p.Cut.LeftOut) {
		b.WriteString(s + "\n")
	}
	b.WriteString("\n")
	for _, l := range p.Cut.LeftOut {
		b.WriteString(fmt.Sprintf("%s  %s  %s  (%s)\n", a.text.Text("refer.kind."+l.Kind), printable(l.What), l.ID, a.text.Text("refer.reason."+string(l.Reason))))
	}
	return b.String()
}
