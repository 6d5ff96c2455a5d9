/** Linux for Java: system calls that return errno, and owners of descriptors. No policy, no logging. */
module arca.bindings {
    exports arca.bindings;
}
