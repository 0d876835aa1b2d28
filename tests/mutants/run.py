#!/usr/bin/env python3
"""Mutation testing of the guards: every mutant of `MUTATED` must be caught by a unit test, or stand in `survivors.txt` with
the reason why it is harmless. Also the guards' properties, with as many random cases as are promised.

    cargo install cargo-mutants --locked --version "$(cat tests/mutants/version)"
    tests/mutants/run.py [--jobs N] [--cases N]

The modules are built in a crate of their own, with the versions of Cargo.lock: the whole program takes minutes, this one a
second. Once the crates are there, nothing needs a network, and where the system lets it, there is none. The tests see an
environment without credentials. Exits with 1 for a new survivor, and for one that is in the list and survives no more.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SURVIVORS = Path(__file__).with_name("survivors.txt")
VERSION = Path(__file__).with_name("version").read_text().strip()
# What the guards are made of; the compiler says if one is missing.
MODULES = ["existing", "fleet", "guard", "id", "lock", "plan", "template", "warning"]
MUTATED = ["src/drill/guard.rs", "src/drill/guard/*.rs", "src/drill/lock.rs", "src/drill/plan.rs"]
TESTS = ["drill::guard", "drill::lock", "drill::plan"]
PROPERTY = "no_wave_hits_what_it_may_not"
# All that the tests see of the environment.
KEPT = ["PATH", "HOME", "CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "TMPDIR", "LANG"]


def make_crate(folder):
    """Writes the small crate."""
    command = ["cargo", "metadata", "--no-deps", "--offline", "--format-version=1"]
    read = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    whole = next(package for package in json.loads(read.stdout)["packages"] if package["name"] == "spotdrill")
    drill = folder / "src" / "drill"
    drill.mkdir(parents=True)
    for module in MODULES:
        shutil.copy(ROOT / f"src/drill/{module}.rs", drill)
        if (ROOT / f"src/drill/{module}").is_dir():
            shutil.copytree(ROOT / f"src/drill/{module}", drill / module)
    shutil.copy(ROOT / "src/text.rs", folder / "src")
    shutil.copytree(ROOT / "src/text", folder / "src/text")
    (folder / "tests/it").mkdir(parents=True)
    for told in ["tests/it/figure.rs", "tests/figures.txt"]:
        shutil.copy(ROOT / told, folder / told)
    figure = '#[cfg(test)]\n#[path = "../tests/it/figure.rs"]\nmod figure;\n'
    (folder / "src/lib.rs").write_text(f"pub mod drill;\n{figure}pub mod text;\n")
    (folder / "src/drill.rs").write_text("".join(f"pub mod {module};\n" for module in MODULES))
    shutil.copy(ROOT / "Cargo.lock", folder)
    code = "".join(path.read_text() for path in (folder / "src").rglob("*.rs"))
    lines = ["[package]", 'name = "spotdrill"', 'version = "0.1.0"', f'edition = "{whole["edition"]}"']
    for table, kind in [("dependencies", None), ("dev-dependencies", "dev")]:
        lines.append(f"[{table}]")
        for crate in (crate for crate in whole["dependencies"] if crate["kind"] == kind):
            name, defaults = crate["name"], str(crate["uses_default_features"]).lower()
            if re.search(rf"\b{name.replace('-', '_')}::", code):
                features = f"default-features = {defaults}, features = {json.dumps(crate['features'])}"
                lines.append(f'{name} = {{ version = "{crate["req"]}", {features} }}')
    # without doctest = false the crate is built twice for each mutant
    lines += ["[lib]", "doctest = false", "[profile.dev]", "debug = false"]
    (folder / "Cargo.toml").write_text("\n".join(lines) + "\n")


def environment():
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return kept | {
        "CARGO_NET_OFFLINE": "true",
        "CARGO_TERM_COLOR": "never",
        "AWS_EC2_METADATA_DISABLED": "true",
        "INSTA_UPDATE": "no",
        "RUST_BACKTRACE": "0",
    }


def without_network():
    """What a command is put behind to have no network, if the system lets it."""
    alone = ["unshare", "--user", "--map-root-user", "--net", "--"]
    try:
        there_is = subprocess.run([*alone, "true"], capture_output=True).returncode == 0
    except FileNotFoundError:
        there_is = False
    print("network: none" if there_is else "network: not taken away, `unshare --net` is not let; cargo is offline")
    return alone if there_is else []


def properties(folder, alone, env, cases):
    command = ["cargo", "test", "--quiet", "--lib", "--", PROPERTY]
    ran = subprocess.run(
        [*alone, *command], cwd=folder, env=env | {"PROPTEST_CASES": str(cases)}, text=True, capture_output=True
    )
    figures = [line for line in ran.stderr.splitlines() if line.startswith("figure:")]
    print("\n".join(figures))
    if ran.returncode or not any(f": {cases} random cases" in figure for figure in figures):
        print(ran.stdout, ran.stderr, f"the properties were not tested with {cases} cases", sep="\n")
        return False
    return True


def mutants(folder, alone, env, jobs):
    """The outcomes of all mutants, by cargo-mutants: in several copies of the crate at once, each with what is built."""
    command = [*alone, "cargo", "mutants", "--in-place", "--colors=never", "--timeout=60", "--build-timeout=300"]
    for pattern in MUTATED:
        command += ["--file", pattern]
    env = env | {"PROPTEST_CASES": "32"}
    running = []
    for job in range(jobs):
        copy = folder.with_name(f"{folder.name}-{job}")
        subprocess.run(["cp", "-a", folder, copy], check=True)
        shard = [f"--shard={job}/{jobs}", "--", "--lib", "--", *TESTS, "--skip", PROPERTY]
        log = (copy / "log").open("w")
        running.append((copy, subprocess.Popen([*command, *shard], cwd=copy, env=env, stdout=log, stderr=log)))
    outcomes = []
    for copy, process in running:
        # 2: some survived; whether that is known is judged here
        if process.wait() not in (0, 2):
            print((copy / "log").read_text())
        outcomes += json.loads((copy / "mutants.out/outcomes.json").read_text())["outcomes"]
    return outcomes


def explained():
    """The survivors that are known, each with its reason: the line below it."""
    lines = [line for line in SURVIVORS.read_text().splitlines() if line and not line.startswith("#")]
    known = {}
    for line in lines:
        if line.startswith(" "):
            known[list(known)[-1]] += line.strip()
        else:
            known[line] = ""
    return known


def judged(outcomes):
    """Whether all is as the list says; prints the figure."""
    counts = {"CaughtMutant": 0, "MissedMutant": 0, "Timeout": 0, "Unviable": 0}
    survived, files = {}, set()
    for outcome in outcomes:
        if outcome["scenario"] == "Baseline":
            if outcome["summary"] != "Success":
                print("the tests fail without any mutant")
                return False
            continue
        counts[outcome["summary"]] = counts.get(outcome["summary"], 0) + 1
        name = outcome["scenario"]["Mutant"]["name"]
        files.add(name.split(":")[0])
        if outcome["summary"] == "MissedMutant":
            # without line and column, which every edit changes
            name = re.sub(r"^([^:]+):\d+:\d+: ", r"\1: ", name)
            survived[name] = survived.get(name, 0) + 1
    known = explained()
    new = sorted(set(survived) - set(known))
    gone = sorted(set(known) - set(survived))
    bare = sorted(name for name, reason in known.items() if not reason)
    strange = set(counts) - {"CaughtMutant", "MissedMutant", "Timeout", "Unviable"}
    for said, names in [
        ("NEW SURVIVOR", new),
        ("SURVIVES NO MORE, take it from the list", gone),
        ("WITHOUT A REASON", bare),
        ("UNKNOWN OUTCOME", sorted(strange)),
    ]:
        for name in names:
            print(f"{said}: {name}")
    tested = sum(counts.values())
    caught = counts["CaughtMutant"] + counts["Timeout"]
    unexplained = sum(survived[name] for name in new)
    print(
        f"figure: mutants: {tested} of {len(files)} files, {counts['Unviable']} do not compile, {caught} caught "
        f"({counts['Timeout']} of them never ended), {counts['MissedMutant']} survive, {unexplained} of them unexplained"
    )
    return caught > 0 and not (new or gone or bare or strange)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    arguments.add_argument("--cases", type=int, default=100_000)
    given = arguments.parse_args()
    said = subprocess.run(["cargo", "mutants", "--version"], text=True, capture_output=True).stdout
    if said.split() != ["cargo-mutants", VERSION]:
        sys.exit(f"cargo-mutants {VERSION} is wanted, not {said.strip() or 'none'}: see --help")
    with tempfile.TemporaryDirectory(prefix="spotdrill-mutants-") as made:
        folder = Path(made) / "crate"
        make_crate(folder)
        env = environment()
        subprocess.run(["cargo", "fetch", "--quiet"], cwd=folder, env=env | {"CARGO_NET_OFFLINE": "false"}, check=True)
        alone = without_network()
        holds = properties(folder, alone, env, given.cases)
        known = judged(mutants(folder, alone, env, given.jobs))
    sys.exit(not (holds and known))


if __name__ == "__main__":
    main()
