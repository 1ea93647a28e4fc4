// Package decoder knows which programs of this system decode which picture
// formats that no Go decoder reads (HEIC, AVIF, JPEG XL). It promises that each
// runs as a contained program of package contain, that its answer is a PNG file,
// and that what decoded can be named with its version; it never installs or
// loads anything, and never decodes in this process.
package decoder

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tutela/external/contain"
)

// Decoder is one program and what it is for.
type Decoder struct {
	Formats []string // "heic", "avif", "jxl"
	Package string   // of Debian and its kin, that brings the program
	Name    string   // of the program; "" when none is installed
	Path    string   // absolute
	Library string   // what does the work: "libheif.so.1.15.1 1a2b3c4d5e6f", with the start of its SHA-256
	args    []string
	plugins []string
}

// known are the programs that are looked for, the best of each first.
func known() []Decoder {
	const heifPlugins = "/libheif/plugins/*.so"
	return []Decoder{
		{Formats: []string{"heic", "avif"}, Package: "libheif-examples", Name: "heif-dec heif-convert", Library: "libheif.so",
			args:    []string{"--quiet", contain.In, contain.Out},
			plugins: []string{"/usr/lib/*" + heifPlugins, "/usr/lib" + heifPlugins, "/usr/lib64" + heifPlugins}},
		{Formats: []string{"jxl"}, Package: "libjxl-tools", Name: "djxl", Library: "libjxl.so",
			args: []string{contain.In, contain.Out}},
	}
}

// Find looks for the programs and returns one Decoder for each of them, with an
// empty Name where none is installed.
func Find() []Decoder {
	all := known()
	for i := range all {
		d := &all[i]
		names := strings.Fields(d.Name)
		d.Name = ""
		for _, name := range names {
			path, err := exec.LookPath(name)
			if err != nil || !filepath.IsAbs(path) {
				continue
			}
			d.Name, d.Path = name, path
			d.Library = d.library(d.Library)
			break
		}
	}
	return all
}

// For returns the installed decoder of a format.
func For(all []Decoder, format string) (Decoder, bool) {
	for _, d := range all {
		if d.Name != "" && slices.Contains(d.Formats, format) {
			return d, true
		}
	}
	return Decoder{}, false
}

// library names the library that the program uses; a program that needs none of
// the name is named itself.
func (d *Decoder) library(prefix string) string {
	path := d.Path
	libs, err := d.program().Libraries()
	if err != nil {
		return filepath.Base(path)
	}
	for _, l := range libs {
		if strings.HasPrefix(filepath.Base(l), prefix) {
			path = l
		}
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	f, err := os.Open(path)
	if err != nil {
		return filepath.Base(path)
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return filepath.Base(path)
	}
	return fmt.Sprintf("%s %x", filepath.Base(path), sum.Sum(nil)[:6])
}

// String names what decodes, as it stands with each hash.
func (d Decoder) String() string { return d.Name + ", " + d.Library }

func (d Decoder) program() contain.Program {
	return contain.Program{Path: d.Path, Args: d.args, Suffix: ".png", Plugins: d.plugins,
		Limits: contain.Limits{Output: 512 << 20, CPU: time.Minute, Wall: time.Minute}}
}

// PNG decodes the first size bytes of in. Of several pictures in a file it is the
// first one. Errors are those of contain.Program.Run.
func (d Decoder) PNG(ctx context.Context, in io.ReaderAt, size int64) ([]byte, error) {
	out, err := d.program().Run(ctx, in, size)
	var own *contain.Failure
	if errors.As(err, &own) && complete(out) { // it could not write the second picture
		return out, nil
	}
	if err == nil && !complete(out) {
		return nil, &contain.Failure{Op: d.Name, Text: "its output is no PNG"}
	}
	return out, err
}

func complete(b []byte) bool {
	return bytes.HasPrefix(b, []byte("\x89PNG\r\n\x1a\n")) && bytes.HasSuffix(b, []byte("IEND\xaeB`\x82"))
}
