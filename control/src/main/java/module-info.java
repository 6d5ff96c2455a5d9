/** The control protocol between a guest and its monitor, and the guest's library over it. */
module arca.control {
    requires transitive arca.bindings;

    exports arca.control;
    exports arca.control.guest;
}
