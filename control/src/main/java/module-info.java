/** The control protocol between a guest and its monitor. */
module arca.control {
    requires arca.bindings;

    exports arca.control;
}
