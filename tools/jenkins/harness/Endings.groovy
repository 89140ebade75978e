package harness

/** Something that the harness does not have. Jenkins might: nothing is left out in silence. */
class Unknown extends RuntimeException {
    Unknown(String what) { super(what) }
}

/** A step failed; `code` is the exit code where it was a shell's. */
class Failed extends RuntimeException {
    final Integer code

    Failed(String why, Integer code = null) {
        super(why)
        this.code = code
    }
}

/** Somebody said no, or the time was over. */
class Aborted extends RuntimeException {
    Aborted(String why) { super(why) }
}
