package pipeline

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"runtime/debug"

	"tutela/casework/media"
	"tutela/format"
	"tutela/format/archive"
	"tutela/format/mail"
)

// What is read into memory of one text. Apps cut their exports at 40,000
// messages; the rows of a chat take about ten times the memory of its text.
const (
	maxMail   = 64 << 20
	maxChat   = 12 << 20
	mboxPart  = 32 << 20 // of a mailbox at a time
	largeText = 4 << 20  // of larger ones there is only one in memory
)

// alone waits until no other large text is in memory, and returns what lets the
// next one in.
func (l *Line) alone(ctx context.Context, size int64) (done func(), err error) {
	if size <= largeText {
		return func() {}, nil
	}
	select {
	case l.large <- struct{}{}:
		return func() {
			debug.FreeOSMemory() // before the next one takes as much
			<-l.large
		}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// whole reads an item into memory. One that is larger than the limit is cut, with
// a finding.
func whole(in *watched, limit int64) ([]byte, []format.Finding) {
	size := in.src.Size()
	var fs []format.Finding
	if size > limit {
		size = limit
		fs = append(fs, format.Finding{Code: "read.size", Detail: "read up to the limit", Place: format.Place{Offset: limit}})
	}
	data := make([]byte, size)
	n, _ := in.ReadAt(data, 0) // in.err tells
	return data[:n], fs
}

// mail takes the attachments out of a message. The message itself is read by
// the stage that reads.
func (u *unpacking) mail(ctx context.Context, c media.Item, in *watched) ([]format.Finding, error) {
	data, _ := whole(in, maxMail)
	m, _ := mail.Read(data, u.line.limits)
	if !u.inScope(c, m.Date, func() []string { return mailAccounts(m) }) {
		u.outside = true // the stage that reads has a finding
		return nil, nil
	}
	for n, p := range m.Attachments {
		part := &m.Parts[p]
		name := part.Name
		if name == "" {
			name = fmt.Sprintf("part-%d%s", part.Index, extension(part.ContentType))
		}
		name, _ = archive.Safe(name)
		if u.count >= u.line.limits.Items || u.bytes > u.most {
			return []format.Finding{{Code: "archive.count", Detail: "more attachments than the limit", Count: len(m.Attachments) - n}}, nil
		}
		open := func() (io.Reader, error) {
			if part.ContentType == "message/rfc822" && (part.Encoding == "" || part.Encoding == "7bit" || part.Encoding == "8bit" || part.Encoding == "binary") {
				return bytes.NewReader(part.Raw()), nil
			}
			return part.Open(), nil
		}
		if err := u.add(ctx, c, name, part.Length, open); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func extension(contentType string) string {
	switch contentType {
	case "message/rfc822":
		return ".eml"
	case "image/jpeg":
		return ".jpg"
	case "image/png":
		return ".png"
	case "text/html":
		return ".html"
	}
	return ""
}

// mbox takes the messages out of a mailbox, part by part.
func (u *unpacking) mbox(ctx context.Context, c media.Item, in *watched) ([]format.Finding, error) {
	box := mailbox{in: in, size: in.src.Size(), part: mboxPart, limits: u.line.limits}
	for n := 1; box.next(); n++ {
		if u.count >= u.line.limits.Items {
			return append(box.findings, format.Finding{Code: "archive.count", Detail: "more messages than the limit", Place: format.Place{Offset: box.offset()}}), nil
		}
		raw := box.message()
		open := func() (io.Reader, error) { return bytes.NewReader(raw), nil }
		if err := u.add(ctx, c, fmt.Sprintf("message-%06d.eml", n), int64(len(raw)), open); err != nil {
			return box.findings, err
		}
		if ctx.Err() != nil {
			return box.findings, ctx.Err()
		}
	}
	return box.findings, nil
}
