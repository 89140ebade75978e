package harness

/** Tells when a stage begins, and how and after how long it ended. */
class Timing {
    static void tell(Build build, Closure work) {
        def since = System.nanoTime()
        build.tell(type: 'begin')
        def ending = [status: 'success']
        try {
            work()
        } catch (Aborted end) {
            ending = [status: 'aborted', reason: end.message]
            throw end
        } catch (Failed end) {
            ending = [status: 'failure', reason: end.message, code: end.code]
            throw end
        } catch (Exception end) {
            ending = [status: 'failure', reason: end.toString()]
            throw end
        } finally {
            build.tell([type: 'end', seconds: (System.nanoTime() - since) / 1e9d] + ending)
        }
    }
}
