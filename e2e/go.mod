module github.com/datasync-dev/datasync/e2e

go 1.26.0

require github.com/datasync-dev/datasync/pkg v0.0.0

replace github.com/datasync-dev/datasync/pkg => ../pkg
