package harness

import java.nio.file.FileVisitResult
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.SimpleFileVisitor
import java.nio.file.attribute.BasicFileAttributes

/** Folders of a build. */
class Folders {
    /** Deletes a folder with all in it. A link goes and what it leads to stays, which `File.deleteDir()` would delete too. */
    static void delete(File folder) {
        if (folder == null || !Files.exists(folder.toPath())) return
        Files.walkFileTree(folder.toPath(), new SimpleFileVisitor<Path>() {
            FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                Files.delete(file)
                FileVisitResult.CONTINUE
            }

            FileVisitResult postVisitDirectory(Path directory, IOException error) {
                if (error != null) throw error
                Files.delete(directory)
                FileVisitResult.CONTINUE
            }
        })
    }
}
