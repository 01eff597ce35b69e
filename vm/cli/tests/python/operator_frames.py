# Operators whose methods are written in Python: who is asked first, NotImplemented, branches, stores, tracing, recursion, classes that change.
import sys
log=[]
class A:
    def __init__(s,v=0): s.v=v
    def __add__(s,o):
        log.append(('add',type(o).__name__)); 
        return NotImplemented if isinstance(o,(B,str)) else A(s.v+1)
    def __radd__(s,o): log.append('radd'); return 'r'
    def __iadd__(s,o): log.append('iadd'); return NotImplemented if isinstance(o,B) else s
    def __mul__(s,o): return NotImplemented
    def __sub__(s,o): return NotImplemented
    def __rsub__(s,o): return 'rsubA'
    def __and__(s,o): raise ValueError('and')
    def __eq__(s,o):
        log.append('eq'); return NotImplemented if isinstance(o,B) else []
    def __lt__(s,o): log.append('lt'); return NotImplemented if isinstance(o,(B,A)) else s.v<5
    def __gt__(s,o): return NotImplemented
    def __hash__(s): return 1
    def __setitem__(s,k,v): log.append((k,v)); return 'x'
    def __getitem__(s,k): 
        if k==5: raise IndexError('no')
        return k
class B:
    def __radd__(s,o): log.append('B.radd'); return 'Br'
    def __rsub__(s,o): return NotImplemented
    def __eq__(s,o): log.append('Beq'); return 7
    def __gt__(s,o): log.append('Bgt'); return 'yes'
    __hash__=None
class C(A):
    def __radd__(s,o): log.append('C.radd'); return 'Cr'
    def __eq__(s,o): log.append('Ceq'); return False
    def __gt__(s,o): log.append('Cgt'); return True
class L(list):
    def __add__(s,o): return NotImplemented
    def __mul__(s,o): return NotImplemented
    def __getitem__(s,i): return 'L%s'%i
def tryit(f):
    try: return f()
    except Exception as e: return type(e).__name__+': '+str(e)
def show(x): return x if isinstance(x,(str,int,bool)) else [show(y) for y in x] if isinstance(x,list) else type(x).__name__
def run():
    out=[]
    a,b,c,l=A(1),B(),C(2),L([1,2])
    for r in range(3):
      for x,y in ((a,a),(a,b),(b,a),(a,c),(c,a),(a,1),(1,a),(a,'s'),(a,1.5),(l,[3]),(l,2),(c,c),(a,None)):
        for f in (lambda:x+y,lambda:x-y,lambda:x*y,lambda:x&y,lambda:x==y,lambda:x!=y,lambda:x<y,lambda:x>y,lambda:x[1] ,lambda:x[y]):
            out.append(show(tryit(f)))
        def ip():
            z=x; z+=y; return z
        out.append(show(tryit(ip)))
        def ip2():
            z=x; z-=y; return z
        out.append(show(tryit(ip2)))
        def br():
            r=[]
            if x==y: r.append(1)
            else: r.append(2)
            if not x==y: r.append(3)
            while x<y: r.append(4); break
            if x>y and x<y or x==1: r.append(5)
            if x==1: r.append(6)
            if x<3: r.append(7)
            if 3<x: r.append(8)
            return r
        out.append(show(tryit(br)))
        def st():
            x[y]=y; x[1]=A(5); x['k']=[1]
        out.append(show(tryit(st)))
        def nested(): return x[x[x[2]]]+y
        out.append(show(tryit(nested)))
    return out
o=run()
print(len(o)); 
for v in o: print(v)
print(len(log)); print([entry for entry in log if isinstance(entry,str)])
# generator callers and changes of classes
class D:
    def __add__(s,o): return 1
def g(d):
    for i in range(4):
        yield d+d
        if i==1: D.__add__=lambda s,o: 2
        if i==2: del D.__add__
d=D(); G=g(d); print(next(G),next(G),next(G),tryit(lambda:next(G)))
class E:
    def __init__(s): s.n=0
    def __lt__(s,o): s.n+=1; return s.n<4
    def __eq__(s,o): return sys._getframe(1).f_lineno
e=E(); n=0
while e<1: n+=1
print(n, (e==1)>0)
def deep(x): return x+x
class R:
    def __add__(s,o): return s+o
    def __eq__(s,o): return s==o
    def __getitem__(s,k): return s[k]
    def __setitem__(s,k,v): s[k]=v
r=R()
print(tryit(lambda:r+r),tryit(lambda:r==r),tryit(lambda:r[1]),tryit(lambda:r.__setitem__(1,2)))
import traceback
try: A(1)&A(2)
except ValueError: print(traceback.format_exc().replace(__file__, 'FILE'))
for i in range(3):
    try: A(1)&A(2)
    except ValueError: print(traceback.format_exc().replace(__file__, 'FILE'))
# tracing within operators
ev=[]
class T:
    def __add__(s,o):
        sys.settrace(tr); return NotImplemented
    def __radd__(s,o): return 3
class T2(): 
    def __radd__(s,o): return 'T2'
def tr(f,e,a): ev.append((f.f_code.co_name,e,f.f_lineno)); return tr
def tt():
    x=T(); y=T2()
    for i in range(3):
        z=x+y
        sys.settrace(None)
    return z
print(tt(), ev)
class P:
    def __eq__(s,o): return True
    def __add__(s,o,q=3): return q
    __lt__=lambda s,*a: a
    @staticmethod
    def __sub__(o): return ('st',o)
    @classmethod
    def __mul__(c,o): return c.__name__
    __getitem__=print
p=P()
for i in range(3): print(p==1,p+1,p<2,p-5,p*1); p['a']
# Every operator with a number, a variable and in place.
class N:
    def __init__(s,log): s.log=log
for name in 'add sub mul truediv floordiv mod pow lshift rshift and or xor matmul'.split():
    for prefix in ('','r','i'):
        exec(f"def method(s,o): s.log.append(({prefix+name!r}, type(o).__name__)); return s")
        setattr(N,f'__{prefix}{name}__',method)
def every(x,y):
    x+y; x-y; x*y; x/y; x//y; x%y; x**y; x<<y; x>>y; x&y; x|y; x^y; x@y
    x+=y; x-=y; x*=y; x/=y; x//=y; x%=y; x**=y; x<<=y; x>>=y; x&=y; x|=y; x^=y; x@=y
    x+1; x-2; x*3; x/4; x//5; x%6; x**7; x<<1; x>>2; x&3; x|4; x^5; x@6; x**2
    1+x; 2-x; 3*x; 4/x; 5//x; 6%x; 7**x; 1<<x; 2>>x; 3&x; 4|x; 5^x; 6@x
    x+=1; x-=2; x*=3; x/=4; x//=5; x%=6; x**=7; x<<=1; x>>=2; x&=3; x|=4; x^=5; x@=6
for y in (N([]), 3, 'text'):
    for i in range(4):
        log=[]; every(N(log), y); print(log)
class D:
    def __pow__(s,o,m=None): return ('pow',o,m)
    def __rpow__(s,o): return 'rpow'
for i in range(3): print(D()**4, (D()**D())[0], 2**D(), pow(D(),2,3))
