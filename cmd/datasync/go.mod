module github.com/datasync-dev/datasync/cmd/datasync

go 1.26.0

require github.com/datasync-dev/datasync/pkg v0.0.0

replace github.com/datasync-dev/datasync/pkg => ../../pkg

require github.com/spf13/cobra v1.10.2

require (
	github.com/spf13/pflag v1.0.9
	golang.org/x/term v0.47.0
)

require (
	github.com/inconshreveable/mousetrap v1.1.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
)

require github.com/google/uuid v1.6.0

require golang.org/x/text v0.43.0

require golang.org/x/sync v0.24.0
