module github.com/datasync-dev/datasync/services/stripe-simulator

go 1.26.0

require (
	github.com/stretchr/testify v1.12.1
	github.com/stripe/stripe-go/v76 v76.25.0
)

require (
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/net v0.61.0 // indirect
)

replace github.com/datasync-dev/datasync/pkg => ../../pkg
