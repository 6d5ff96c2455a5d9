/** The policy file: reads it, and chooses the section that holds for a guest. */
package arca.cli.policy;
