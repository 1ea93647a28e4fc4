package main

import (
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"

	"tutela/external/contain"
	"tutela/external/decoder"
	"tutela/fault"
	"tutela/phrase"
	"tutela/vault/blob"
)

// doctorVerb says what this machine enforces, and what is missing. It needs no
// site and no key.
type doctorVerb struct{}

// doctorRow is one thing that was looked at.
type doctorRow struct {
	Kind   string `json:"kind"` // containment, store, program, decoder, version
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

// Run looks. It fails when pictures cannot be decoded in a contained worker.
func (c *doctorVerb) Run(a *app) error {
	rows := versions(a.text)
	measures, failed := contain.Report(a.ctx, contain.Config{})
	for _, m := range measures {
		rows = append(rows, doctorRow{"containment", m.Name, m.Enforced, m.Detail})
	}
	if failed != nil {
		rows = append(rows, doctorRow{"containment", "worker", false, failed.Error()})
	}
	rows = append(rows, immutable(a))
	for _, p := range []struct{ name, key string }{{"gpg", "doctor.gpg"}, {"age", "doctor.age"}, {"ssh-keygen", "doctor.ssh"}, {"sha512sum", "doctor.sums"}} {
		path, err := exec.LookPath(p.name)
		if err != nil {
			path = a.text.Text(p.key)
		}
		rows = append(rows, doctorRow{"program", p.name, err == nil, path})
	}
	for _, d := range decoder.Find() {
		row := doctorRow{"decoder", strings.Join(d.Formats, ", "), d.Name != "", d.Path + " " + d.Library}
		if !row.OK {
			row.Detail = a.text.Text("doctor.decoder", d.Package)
		}
		rows = append(rows, row)
	}
	t := a.text
	err := table(a.print, rows,
		column[doctorRow]{t.Text("col.kind"), func(r doctorRow) string { return r.Kind }},
		column[doctorRow]{t.Text("col.name"), func(r doctorRow) string { return r.Name }},
		column[doctorRow]{t.Text("col.set"), func(r doctorRow) string { return t.Text(map[bool]string{true: "word.yes", false: "word.no"}[r.OK]) }},
		column[doctorRow]{t.Text("col.detail"), func(r doctorRow) string { return r.Detail }})
	if err == nil && failed != nil {
		err = fault.Hint(fault.New(fault.Outside, "doctor: %w", failed), t.Text("hint.contain"))
	}
	return err
}

func versions(t *phrase.Catalog) []doctorRow {
	rows := []doctorRow{{"version", "go", true, runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH}}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return rows
	}
	version := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			version += " " + s.Value
		}
	}
	rows = append([]doctorRow{{"version", "tutela", true, version}}, rows...)
	for _, m := range info.Deps {
		switch m.Path {
		case "github.com/ncruces/go-sqlite3", "github.com/jackc/pgx/v5", "github.com/minio/minio-go/v7", "github.com/nyaruka/phonenumbers", "golang.org/x/image":
			rows = append(rows, doctorRow{"version", m.Path, true, m.Version})
		}
	}
	return rows
}

// immutable tries the immutable flag where blobs would lie.
func immutable(a *app) doctorRow {
	row := doctorRow{Kind: "store", Name: "immutable", Detail: a.text.Text("doctor.no_data")}
	dir, err := a.data()
	if err != nil {
		return row
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return row
	}
	if err := blob.CanBeImmutable(dir); err != nil {
		row.Detail = err.Error()
		return row
	}
	row.OK, row.Detail = true, dir
	return row
}
