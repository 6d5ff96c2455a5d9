/** The control protocol between a guest and its monitor, and the library with which a guest uses it. */
module arca.control {
    requires transitive arca.bindings;

    exports arca.control;
    exports arca.control.guest;
}
