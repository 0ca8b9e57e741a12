// Package shim makes the Terraform provider's internal package importable: its module path lies below the provider's.
package shim

import (
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	"github.com/terraform-providers/terraform-provider-docker/internal/provider"
)

// New gives the Terraform provider for Docker, with the resources that its SDKv2 half holds.
func New(version string) *schema.Provider {
	return provider.New(version)()
}
