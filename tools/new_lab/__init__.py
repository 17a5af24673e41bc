"""`make new-lab`: the scaffold of a lab that is whole from the start.

    python -m tools.new_lab docker/030-build --title "Build an image" --topic docker.build

It writes the notebook with all eight parts of a lab (goal, prediction, run, look, explain,
exercise, quiz, clean-up), its questions and its exercise, and enters it into the table of
contents and the syllabus. All of it runs as it stands and passes the tests; the author then
puts one thing after another in the place of what is there. `entries` and `cells` compute,
`writing` writes: all of it or nothing.
"""
