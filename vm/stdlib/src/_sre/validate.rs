//! Checks compiled patterns before the engine runs them: it trusts its code, which any program can hand to `_sre.compile`.
//!
//! Invariant: in code that passes, every skip stays inside the block it belongs to, and groups and classes exist.

use super::opcodes::{At, Category, Op, info as flag};

/// The code does not follow the rules.
pub struct Invalid;

type Check<T = ()> = Result<T, Invalid>;

/// A block of code being read.
#[derive(Clone, Copy)]
struct Block<'a> {
    code: &'a [u32],
    at: usize,
    end: usize,
}

impl Block<'_> {
    fn peek(&self) -> Option<u32> {
        if self.at < self.end { self.code.get(self.at).copied() } else { None }
    }
    fn arg(&mut self) -> Check<u32> {
        let word = self.peek().ok_or(Invalid)?;
        self.at += 1;
        Ok(word)
    }
    fn opcode(&mut self) -> Check<Op> {
        Op::from_word(self.arg()?).ok_or(Invalid)
    }
    /// Reads a skip; the place that it leads to.
    fn skip(&mut self) -> Check<usize> {
        let from = self.at;
        let target = from + self.arg()? as usize;
        if target > self.end { Err(Invalid) } else { Ok(target) }
    }
}

fn part<'a>(block: &Block<'a>, end: usize) -> Check<Block<'a>> {
    if end > block.end || end < block.at {
        Err(Invalid)
    } else {
        Ok(Block { code: block.code, at: block.at, end })
    }
}

/// Checks a whole pattern.
pub fn validate(code: &[u32], groups: usize) -> Check {
    if code.last() != Some(&(Op::SUCCESS as u32)) {
        return Err(Invalid);
    }
    let mut block = Block { code, at: 0, end: code.len() - 1 };
    inner(&mut block, groups, 0)
}

fn charset(block: &mut Block<'_>) -> Check {
    while block.at < block.end {
        match block.opcode()? {
            Op::NEGATE => {}
            Op::LITERAL => drop(block.arg()?),
            Op::RANGE | Op::RANGE_UNI_IGNORE => {
                block.arg()?;
                block.arg()?;
            }
            Op::CHARSET => advance(block, 8)?,
            Op::BIGCHARSET => {
                let blocks = block.arg()?;
                let table = block.at;
                advance(block, 64)?;
                let indices = block.code.get(table..table + 64).ok_or(Invalid)?;
                if indices.iter().flat_map(|w| w.to_le_bytes()).any(|i| u32::from(i) >= blocks) {
                    return Err(Invalid);
                }
                advance(block, blocks as usize * 8)?;
            }
            Op::CATEGORY => drop(Category::from_word(block.arg()?).ok_or(Invalid)?),
            _ => return Err(Invalid),
        }
    }
    Ok(())
}

fn advance(block: &mut Block<'_>, words: usize) -> Check {
    let target = block.at.checked_add(words).ok_or(Invalid)?;
    if target > block.end {
        return Err(Invalid);
    }
    block.at = target;
    Ok(())
}

/// A set between its skip and the FAILURE that ends it.
fn set(block: &mut Block<'_>) -> Check {
    let end = block.skip()?;
    if end <= block.at || block.code.get(end - 1) != Some(&(Op::FAILURE as u32)) {
        return Err(Invalid);
    }
    charset(&mut part(block, end - 1)?)?;
    block.at = end;
    Ok(())
}

fn ends_with(block: &Block<'_>, end: usize, opcode: Op) -> bool {
    end > block.at && block.code.get(end - 1) == Some(&(opcode as u32))
}

/// How deep patterns may nest here: the parser's recursion does not allow more.
const DEEPEST: usize = 2000;

fn inner(block: &mut Block<'_>, groups: usize, depth: usize) -> Check {
    if depth > DEEPEST {
        return Err(Invalid);
    }
    while block.at < block.end {
        match block.opcode()? {
            Op::MARK => {
                if block.arg()? as usize > 2 * groups + 1 {
                    return Err(Invalid);
                }
            }
            Op::LITERAL
            | Op::NOT_LITERAL
            | Op::LITERAL_IGNORE
            | Op::NOT_LITERAL_IGNORE
            | Op::LITERAL_UNI_IGNORE
            | Op::NOT_LITERAL_UNI_IGNORE
            | Op::LITERAL_LOC_IGNORE
            | Op::NOT_LITERAL_LOC_IGNORE => drop(block.arg()?),
            Op::SUCCESS | Op::FAILURE | Op::ANY | Op::ANY_ALL => {}
            Op::AT => drop(At::from_word(block.arg()?).ok_or(Invalid)?),
            Op::CATEGORY => drop(Category::from_word(block.arg()?).ok_or(Invalid)?),
            Op::IN | Op::IN_IGNORE | Op::IN_UNI_IGNORE | Op::IN_LOC_IGNORE => set(block)?,
            Op::INFO => info(block)?,
            Op::BRANCH => branch(block, groups, depth)?,
            Op::REPEAT_ONE | Op::MIN_REPEAT_ONE | Op::POSSESSIVE_REPEAT_ONE => {
                let end = repeat(block)?;
                if !ends_with(block, end, Op::SUCCESS) {
                    return Err(Invalid);
                }
                inner(&mut part(block, end - 1)?, groups, depth + 1)?;
                block.at = end;
            }
            Op::REPEAT | Op::POSSESSIVE_REPEAT => {
                let possessive = block.code[block.at - 1] == Op::POSSESSIVE_REPEAT as u32;
                let end = repeat(block)?;
                inner(&mut part(block, end)?, groups, depth + 1)?;
                block.at = end;
                match (possessive, block.opcode()?) {
                    (true, Op::SUCCESS) | (false, Op::MAX_UNTIL | Op::MIN_UNTIL) => {}
                    _ => return Err(Invalid),
                }
            }
            Op::ATOMIC_GROUP => {
                let end = block.skip()?;
                if !ends_with(block, end, Op::SUCCESS) {
                    return Err(Invalid);
                }
                inner(&mut part(block, end - 1)?, groups, depth + 1)?;
                block.at = end;
            }
            Op::GROUPREF | Op::GROUPREF_IGNORE | Op::GROUPREF_UNI_IGNORE | Op::GROUPREF_LOC_IGNORE => {
                if block.arg()? as usize >= groups {
                    return Err(Invalid);
                }
            }
            Op::GROUPREF_EXISTS => {
                if block.arg()? as usize >= groups {
                    return Err(Invalid);
                }
                // This skip counts from the group's number.
                let from = block.at;
                let middle = (from + block.arg()? as usize).checked_sub(1).ok_or(Invalid)?;
                if middle > block.end {
                    return Err(Invalid);
                }
                // The part for a group that took part ends in a jump over the other part, if there is one.
                let jump = middle
                    .checked_sub(2)
                    .filter(|&j| j >= block.at && block.code.get(j) == Some(&(Op::JUMP as u32)));
                // What looks like one may be the end of a character's code.
                let jump = jump.filter(|&jump| {
                    part(block, jump).and_then(|mut then| inner(&mut then, groups, depth + 1)).is_ok()
                });
                match jump {
                    Some(jump) => {
                        block.at = jump + 1;
                        let end = block.skip()?;
                        if end < middle {
                            return Err(Invalid);
                        }
                        block.at = middle;
                        inner(&mut part(block, end)?, groups, depth + 1)?;
                        block.at = end;
                    }
                    None => {
                        inner(&mut part(block, middle)?, groups, depth + 1)?;
                        block.at = middle;
                    }
                }
            }
            Op::ASSERT | Op::ASSERT_NOT => {
                let end = block.skip()?;
                block.arg()?;
                if !ends_with(block, end, Op::SUCCESS) {
                    return Err(Invalid);
                }
                inner(&mut part(block, end - 1)?, groups, depth + 1)?;
                block.at = end;
            }
            _ => return Err(Invalid),
        }
    }
    Ok(())
}

/// The skip and the bounds of a repetition; where its item ends.
fn repeat(block: &mut Block<'_>) -> Check<usize> {
    let end = block.skip()?;
    let (min, max) = (block.arg()?, block.arg()?);
    if min > max || end < block.at { Err(Invalid) } else { Ok(end) }
}

/// Alternatives, each with its skip, up to one that is 0.
fn branch(block: &mut Block<'_>, groups: usize, depth: usize) -> Check {
    let mut target = None;
    loop {
        let from = block.at;
        let skip = block.arg()? as usize;
        if skip == 0 {
            break;
        }
        let next = from + skip;
        // An alternative ends in a jump behind the last.
        if skip < 3 || next > block.end || block.code.get(next - 2) != Some(&(Op::JUMP as u32)) {
            return Err(Invalid);
        }
        inner(&mut part(block, next - 2)?, groups, depth + 1)?;
        block.at = next - 1;
        let end = block.skip()?;
        if *target.get_or_insert(end) != end {
            return Err(Invalid);
        }
        block.at = next;
    }
    match target {
        Some(target) if target != block.at => Err(Invalid),
        _ => Ok(()),
    }
}

/// The block that tells the search about the beginning of matches.
fn info(block: &mut Block<'_>) -> Check {
    let end = block.skip()?;
    let flags = block.arg()?;
    block.arg()?;
    block.arg()?;
    if flags & !(flag::PREFIX | flag::LITERAL | flag::CHARSET) != 0 {
        return Err(Invalid);
    }
    if flags & flag::PREFIX != 0 {
        if flags & flag::CHARSET != 0 {
            return Err(Invalid);
        }
        let length = block.arg()? as usize;
        let prefix_skip = block.arg()? as usize;
        if prefix_skip > length {
            return Err(Invalid);
        }
        advance(block, length)?;
        let overlap = block.at;
        advance(block, length)?;
        if block
            .code
            .get(overlap..overlap + length)
            .ok_or(Invalid)?
            .iter()
            .any(|&o| o as usize >= length.max(1))
        {
            return Err(Invalid);
        }
    }
    if flags & flag::CHARSET != 0 {
        if !ends_with(block, end, Op::FAILURE) {
            return Err(Invalid);
        }
        charset(&mut part(block, end - 1)?)?;
    } else if block.at != end {
        return Err(Invalid);
    }
    block.at = end;
    Ok(())
}
