package harness

/** Named arguments, of which none is left unread. */
class Arguments {
    /** @throws Unknown for one that is not in `allowed`, or one of `required` that is missing. */
    static Map check(String who, Map given, List<String> required, List<String> allowed = []) {
        def strange = given.keySet() - required - allowed
        if (strange) throw new Unknown("`${who}` has no argument `${strange.first()}` here; it has ${(required + allowed).join(', ')}.")
        def missing = required - given.keySet()
        if (missing) throw new Unknown("`${who}` needs the argument `${missing.first()}`.")
        given
    }

    static long nanoseconds(String who, Map given) {
        check(who, given, ['time'], ['unit'])
        java.util.concurrent.TimeUnit.valueOf((given.unit ?: 'MINUTES') as String).toNanos(given.time as long)
    }
}
