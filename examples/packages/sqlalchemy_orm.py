"""sqlalchemy, without its extensions: mapped classes in a file of sqlite, written by four threads."""

import os
import tempfile
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import ForeignKey, create_engine, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Author(Base):
    __tablename__ = "author"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    books: Mapped[list["Book"]] = relationship(back_populates="author", cascade="all, delete-orphan")


class Book(Base):
    __tablename__ = "book"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    pages: Mapped[int | None]
    author_id: Mapped[int] = mapped_column(ForeignKey("author.id"))
    author: Mapped[Author] = relationship(back_populates="books")


def main():
    with tempfile.TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{os.path.join(folder, 'books.db')}", connect_args={"timeout": 60})
        Base.metadata.create_all(engine)

        def write(number):
            with Session(engine) as session:
                session.add(Author(name=f"author {number}", books=[
                    Book(title=f"{number}-{n}", pages=100 * n or None) for n in range(5)]))
                session.commit()

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(write, range(12)))
        with Session(engine) as session:
            rows = session.execute(
                select(Author.name, func.sum(Book.pages)).join(Author.books).group_by(Author.name)).all()
            assert len(rows) == 12 and {pages for _, pages in rows} == {1000}
            first = session.scalars(select(Author).where(Author.name == "author 3")).one()
            assert sorted(book.title for book in first.books) == [f"3-{n}" for n in range(5)]
            session.delete(first)
            session.commit()
            left = session.scalar(select(func.count()).select_from(Book))
            assert left == 55, left
        engine.dispose()
    print("sqlalchemy:", len(rows), "authors,", left, "books left")


main()
