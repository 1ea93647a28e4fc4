package pipeline

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"tutela/casework/media"
	"tutela/format"
	"tutela/format/archive"
	"tutela/format/mail"
)

// maxText bounds what is read into memory of one text, message or mailbox.
const maxText = 256 << 20

// whole reads an item into memory. A larger one is cut, with a finding.
func whole(in *watched) ([]byte, []format.Finding) {
	size := in.src.Size()
	var fs []format.Finding
	if size > maxText {
		size = maxText
		fs = append(fs, format.Finding{Code: "read.size", Detail: "read up to the limit", Place: format.Place{Offset: maxText}})
	}
	data := make([]byte, size)
	n, _ := in.ReadAt(data, 0) // in.err tells
	return data[:n], fs
}

// mail takes the attachments out of a message. The message itself is read by
// the stage that reads.
func (u *unpacking) mail(ctx context.Context, c media.Item, in *watched) ([]format.Finding, error) {
	data, _ := whole(in)
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

// mbox takes the messages out of a mailbox.
func (u *unpacking) mbox(ctx context.Context, c media.Item, in *watched) ([]format.Finding, error) {
	data, cut := whole(in)
	entries, variant, fs := mail.Mbox(data, u.line.limits)
	fs = append(cut, fs...)
	for n, e := range entries {
		if u.count >= u.line.limits.Items {
			return append(fs, format.Finding{Code: "archive.count", Detail: "more messages than the limit", Count: len(entries) - n}), nil
		}
		raw := mail.Unquote(data[e.Offset:e.Offset+e.Length], variant)
		open := func() (io.Reader, error) { return bytes.NewReader(raw), nil }
		if err := u.add(ctx, c, fmt.Sprintf("message-%06d.eml", n+1), e.Length, open); err != nil {
			return fs, err
		}
	}
	return fs, nil
}
