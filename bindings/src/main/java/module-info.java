/** Linux for Java: errno-aware system calls, and owners for descriptors. No policy, no logging. */
module arca.bindings {
    exports arca.bindings;
}
